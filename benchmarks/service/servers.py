"""Both servers as processes: started, asked, measured, stopped."""

import http.client
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

BARE = Path(__file__).with_name("bare.py")
POLL_SECONDS = 0.002
LONGEST_START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A server that answers: its process and how long it took from its start until it was ready."""

    pid: int
    port: int
    start_seconds: float

    def cpu_seconds(self) -> float:
        """CPU time of all its threads so far, of those that have ended too (Linux: the process's own clock)."""
        clock = ~self.pid << 3 | 2  # the kernel's MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED)
        return time.clock_gettime(clock)


def free_port() -> int:
    with create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _answers(port: int, method: str = "GET", path: str = "/health/ready", body: str | None = None) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status in {200, 201}
    except OSError:
        return False
    finally:
        connection.close()


@contextmanager
def started(argv: Sequence[str | Path], port: int, cwd: Path, log: Path) -> Iterator[Server]:
    """A server process until the end of the block; its output goes to a file."""
    env = {**os.environ, "PORT": str(port), "DRAIN_SECONDS": "0"}
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in argv], cwd=cwd, env=env, stdout=output, stderr=output
        )
        try:
            while not _answers(port):
                if process.poll() is not None or time.perf_counter() - began > LONGEST_START_SECONDS:
                    raise RuntimeError(f"{argv} does not answer: {log.read_text()}")
                time.sleep(POLL_SECONDS)
            start_seconds = time.perf_counter() - began
            _answers(port, "POST", "/items", '{"name": "Notebook"}')
            yield Server(process.pid, port, start_seconds)
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def service(folder: Path, log: Path) -> Iterator[Server]:
    """The generated service, as `make run` starts it."""
    port = free_port()
    with started([folder / ".venv/bin/python", "-m", "app"], port, folder, log) as server:
        yield server


@contextmanager
def bare(folder: Path, log: Path) -> Iterator[Server]:
    """The bare application, in the generated service's environment."""
    port = free_port()
    with started([folder / ".venv/bin/python", BARE, str(port)], port, folder, log) as server:
        yield server
