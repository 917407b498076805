"""What the platform's part of a service costs, as ratios of pairs measured in turn."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.pairs import Ratio, paired
from benchmarks.service import servers
from benchmarks.service.servers import Server

REQUESTS = 3000
CONNECTIONS = 16
REPOSITORY = Path(__file__).resolve().parents[2]


def cpu_per_request(folder: Path, scratch: Path, pairs: int = 15) -> Ratio:
    """CPU of the server for one `GET /items/1`: the service against the bare application.

    Args:
        folder: an installed generated service.
        scratch: where the servers' output goes.
        pairs: how often both are measured.
    """
    with (
        servers.service(folder, scratch / "service.log") as ours,
        servers.bare(folder, scratch / "bare.log") as peer,
    ):
        return paired(
            "service CPU per request / bare FastAPI",
            lambda _: _cpu_of_a_request(ours),
            lambda _: _cpu_of_a_request(peer),
            target=1.75,
            pairs=pairs,
        )


def _cpu_of_a_request(server: Server) -> float:
    before = server.cpu_seconds()
    command = [sys.executable, "-m", "benchmarks.service.load", server.port, REQUESTS, CONNECTIONS]
    subprocess.run([str(part) for part in command], cwd=REPOSITORY, check=True)
    return (server.cpu_seconds() - before) / REQUESTS


def cold_start(folder: Path, scratch: Path, pairs: int = 9) -> Ratio:
    """Wall time from the start of the process until it is ready: the service against the bare application."""

    def seconds(start: Callable[[Path, Path], AbstractContextManager[Server]]) -> float:
        with start(folder, scratch / "cold.log") as server:
            return server.start_seconds

    return paired(
        "service cold start / bare FastAPI",
        lambda _: seconds(servers.service),
        lambda _: seconds(servers.bare),
        target=1.3,
        pairs=pairs,
    )
