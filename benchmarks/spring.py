"""What the platform's part of a Spring Boot service costs, against a bare Spring Boot application in this folder.

`python -m benchmarks.spring FOLDER` measures one generated, built service.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.pairs import Ratio, paired
from benchmarks.service import servers
from benchmarks.service.servers import Server

BARE = Path(__file__).parent / "service" / "bare_spring"
WARM_UP_SECONDS = 6
WARM_UPS = 3
LOAD_SECONDS = 2
CONNECTIONS = 16
MIB = 1024


def ratios(service: Path, scratch: Path) -> Iterator[Ratio]:
    """Throughput, CPU time of a request, time until it is ready, and resident memory.

    Args:
        service: a generated service after `make install`.
        scratch: where jars, caches and logs go.
    """
    jdk = find_jdk(service)
    ours = unpack(jdk, service / "target" / f"{service.name}.jar", scratch / "ours")
    for name in ("java.options", "train.sh"):
        shutil.copy(service / "container" / name, ours)
    shutil.copy(service / ".env.example", ours)
    _run(["bash", "train.sh"], ours, jdk)
    bare = scratch / "bare"
    shutil.copytree(BARE, bare)
    _run(["mvn", "--quiet", "--batch-mode", "--no-transfer-progress", "package"], bare, jdk)
    java = jdk / "bin" / "java"
    cached: list[str | Path] = [java, "@java.options", "-XX:AOTCache=app.aot", "-jar", "app.jar"]
    plain: list[str | Path] = [java, "-jar", bare / "target" / "bare.jar"]
    yield from under_load((cached, ours), (plain, bare), scratch)
    yield from starts((cached, ours), (plain, bare), scratch)


def find_jdk(service: Path) -> Path:
    """The JDK that the service's Makefile finds."""
    shown = subprocess.run(
        ["make", "--no-print-directory", "--eval=show-jdk:;@echo $(JDK)", "show-jdk"],
        cwd=service, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return Path(shown.stdout.strip())


def unpack(jdk: Path, jar: Path, destination: Path) -> Path:
    """Lay a jar out as the image has it: app.jar and its libraries."""
    _run(
        [jdk / "bin" / "java", "-Djarmode=tools", "-jar", jar, "extract", "--destination", destination],
        jar.parent,
        jdk,
    )
    (destination / jar.name).rename(destination / "app.jar")
    return destination


def _run(argv: list[str | Path], folder: Path, jdk: Path) -> None:
    env = {**os.environ, "JAVA_HOME": str(jdk), "PATH": f"{jdk / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([str(part) for part in argv], cwd=folder, env=env, stdout=sys.stderr, check=True)


@contextmanager
def _started(program: tuple[list[str | Path], Path], log: Path) -> Iterator[Server]:
    argv, folder = program
    port = servers.free_port()
    # The service reads PORT and no argument. Its connections stay open, so the peer's do, too: otherwise it would close
    # each after 100 requests, and pay for as many new ones.
    arguments = [f"--server.port={port}", "--server.tomcat.max-keep-alive-requests=-1"]
    with servers.started([*argv, *arguments], port, folder, log) as server:
        yield server


Program = tuple[list[str | Path], Path]


def under_load(ours: Program, peer: Program, scratch: Path, pairs: int = 9) -> Iterator[Ratio]:
    """Wall time and CPU time for one `GET /items/1` of as many as it takes, both warmed up.

    The wall time for one is the inverse of the throughput: 0.85 of the peer's throughput is a ratio of 1 / 0.85.
    """
    if shutil.which("wrk") is None:  # a client that takes little from the server beside it
        sys.stderr.write("Spring Boot under load: skipped, it needs wrk (`apt-get install wrk`).\n")
        return
    cpu: dict[str, list[float]] = {"ours": [], "peer": []}
    with _started(ours, scratch / "ours.log") as first, _started(peer, scratch / "bare.log") as second:
        for _ in range(WARM_UPS):
            for server in (first, second):
                _requests(server, WARM_UP_SECONDS)

        def seconds(name: str, server: Server) -> float:
            before = server.cpu_seconds()
            requests = _requests(server, LOAD_SECONDS)
            cpu[name].append((server.cpu_seconds() - before) / requests)
            return LOAD_SECONDS / requests

        yield paired(
            "Spring Boot: time per request at full load / bare",
            lambda _: seconds("ours", first),
            lambda _: seconds("peer", second),
            target=1 / 0.85,
            pairs=pairs,
        )
    by_pair = list(zip(cpu["ours"], cpu["peer"], strict=True))
    yield paired(
        "Spring Boot: CPU per request / bare",
        lambda number: by_pair[number][0],
        lambda number: by_pair[number][1],
        target=1.5,
        pairs=pairs,
    )


def _requests(server: Server, seconds: int) -> float:
    """How many requests a server answers in some seconds when it is asked for more; each has to succeed."""
    url = f"http://127.0.0.1:{server.port}/items/1"
    command = ["wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={seconds}s", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    if found is None or "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    return float(found[1]) * seconds


def starts(ours: Program, peer: Program, scratch: Path, pairs: int = 5) -> Iterator[Ratio]:
    """Wall time from the start of the process until it is ready, the cache against none; and memory then."""
    memory: dict[str, list[float]] = {"ours": [], "peer": []}

    def seconds(name: str, program: Program) -> float:
        with _started(program, scratch / "start.log") as server:
            memory[name].append(resident(server.pid))
            return server.start_seconds

    yield paired(
        "Spring Boot: start with AOT cache / bare jar",
        lambda _: seconds("ours", ours),
        lambda _: seconds("peer", peer),
        target=0.6,
        pairs=pairs,
    )
    by_pair = list(zip(memory["ours"], memory["peer"], strict=True))
    figures = paired(
        "Spring Boot: resident memory after it / bare",
        lambda number: by_pair[number][0],
        lambda number: by_pair[number][1],
        target=1.3,
        pairs=pairs,
    )
    yield replace(figures, unit="MiB")


def resident(pid: int) -> float:
    """Resident memory in MiB (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / MIB


def main(service: Path) -> int:
    """Print each ratio; exit code 1 if a target is missed."""
    met = True
    with tempfile.TemporaryDirectory() as folder:
        for ratio in ratios(service, Path(folder)):
            met = met and ratio.met
            sys.stdout.write(json.dumps(ratio.as_json()) + "\n")
            sys.stdout.flush()
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
