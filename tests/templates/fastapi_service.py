"""A generated FastAPI service that really runs, as its owner would start it."""

import json
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import copier
import httpx

from idp.core import process
from tests.support import run

NAME = "user-profile"
# What the machine that runs the tests may have set, and a service would read.
OUTSIDE = (
    "PORT",
    "HOST",
    "LOG_LEVEL",
    "ENVIRONMENT",
    "CONFIG_FILE",
    "CONFIG_PROVIDER",
    "CONTRACT_PROBE",
    "MAKEFLAGS",
)
STANDARD_FIELDS = {"timestamp", "level", "message", "logger", "service", "version", "environment"}

Line = dict[str, Any]
Patch = Callable[[Path], object]


def render(platform: Path, destination: Path, **answers: str) -> Path:
    """A fresh service, as `copier copy` makes it."""
    data = {"template": "fastapi", "service_name": NAME, **answers}
    copier.run_copy(str(platform), destination, data, defaults=True, quiet=True)
    return destination


def copy(service: Path, destination: Path) -> Path:
    """A copy to change, with what `make install` made; a virtual environment can be copied on one machine."""
    return Path(shutil.copytree(service, destination, symlinks=True))


def edit(path: Path, old: str, new: str) -> None:
    """Replace text that has to be there exactly once."""
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def eventually(what: Callable[[], bool], seconds: float = 20, step: float = 0.02) -> bool:
    """Whether something comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(step)
    return False


@dataclass
class Service:
    """A running service: its process (`make`), its address, what it printed."""

    make: Any
    port: int
    stdout: Path
    stderr: Path
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=40, trust_env=False)

    def lines(self) -> list[Line]:
        """Every line on stdout; one that is not a JSON object fails the test."""
        complete = self.stdout.read_bytes().rpartition(b"\n")[0].splitlines()
        lines = [json.loads(line) for line in complete]
        assert all(isinstance(line, dict) for line in lines)
        return lines

    def lines_of(self, request_id: str, count: int = 1) -> list[Line]:
        """The lines of one request, once there are as many as expected."""

        def found() -> list[Line]:
            return [line for line in self.lines() if line.get("request_id") == request_id]

        assert eventually(lambda: len(found()) >= count, seconds=5), f"{len(found())} lines of {request_id}"
        return found()

    def server_pid(self) -> int:
        """The service's own process, which `make` started."""
        (started,) = (line["message"] for line in self.lines() if "server process" in line["message"])
        (pid,) = re.findall(r"\d+", started)
        return int(pid)

    def is_live(self) -> bool:
        try:
            return self.http.get("/health/live").status_code == 200
        except httpx.TransportError:
            return False

    def metrics(self) -> str:
        return self.http.get("/metrics").text


@contextmanager
def running(service: Path, folder: Path, **env: str) -> Iterator[Service]:
    """`make -s run` until the block ends; by default with the contract probe and no wait in the drain."""
    port = free_port()
    settings = {"PORT": str(port), "CONTRACT_PROBE": "true", "DRAIN_SECONDS": "0", **env}
    unset = [name for name in OUTSIDE if name not in settings]
    folder.mkdir(parents=True, exist_ok=True)
    stdout, stderr = folder / "stdout", folder / "stderr"
    with (
        stdout.open("wb") as out,
        stderr.open("wb") as err,
        process.running(
            ["make", "-s", "run"], cwd=service, env=settings, unset=unset, stdout=out, stderr=err
        ) as make,
    ):
        running_service = Service(make, port, stdout, stderr)
        assert eventually(lambda: running_service.is_live() or make.poll() is not None, seconds=60), (
            "no answer"
        )
        assert make.poll() is None, stdout.read_text() + stderr.read_text()
        try:
            yield running_service
        finally:
            running_service.http.close()


def start_and_fail(service: Path, env: Mapping[str, str]) -> tuple[int, list[Line], str]:
    """Start a service that cannot run: the exit code, the lines on stdout, the text on stderr."""
    cleared = dict.fromkeys(OUTSIDE, "")
    done = run(
        ".venv/bin/python",
        "-m",
        "app",
        cwd=service,
        env={**cleared, "PORT": str(free_port()), **env},
        timeout=60,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr
