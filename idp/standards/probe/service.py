"""Start a service the way it declares, `make -s run`, and never lose hold of it."""

import random
import secrets
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from idp.core import process
from idp.core.http import LOOPBACK
from idp.standards.live.observation import Output, Start
from idp.standards.probe.limits import ProbeLimits
from idp.standards.probe.output import OutputReader
from idp.standards.probe.survivors import MARKER, end_survivors

# An outer make would hand its own flags and job server to the service's.
_UNSET = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "CONFIG_FILE", "LOG_LEVEL", "VIRTUAL_ENV")
_PORTS = range(20_000, 32_000)  # below what the system gives to outgoing connections
_POLL_SECONDS = 0.03


class Child(Protocol):
    """What is used of a started program."""

    pid: int

    def poll(self) -> int | None: ...
    def send_signal(self, sig: int) -> None: ...


@dataclass(frozen=True)
class RunningService:
    """A started service, whether or not it listens yet."""

    child: Child
    port: int
    marker: str
    stdout: OutputReader
    stderr: OutputReader
    limits: ProbeLimits

    def wait_until_listening(self) -> Start:
        """Wait until the port accepts connections, the service ends, or the time is over."""
        started = time.monotonic()
        while (elapsed := time.monotonic() - started) < self.limits.start:
            code = self.child.poll()
            if code is not None:
                return Start(
                    listening=False, seconds=elapsed, reason=f"`make -s run` ended with exit code {code}."
                )
            if _accepts(self.port):
                return Start(listening=True, seconds=time.monotonic() - started)
            time.sleep(_POLL_SECONDS)
        reason = f"Nothing listened on PORT={self.port} within {self.limits.start:g} s."
        return Start(listening=False, seconds=elapsed, reason=reason)

    def wait_for_exit(self, seconds: float) -> float | None:
        """Seconds until the service ended, None if it did not in time."""
        started = time.monotonic()
        while time.monotonic() - started < seconds:
            if self.child.poll() is not None:
                return time.monotonic() - started
            time.sleep(_POLL_SECONDS)
        return None

    def output(self) -> Output:
        """What it has written so far."""
        lines = self.stdout.text.split("\n")
        dropped = self.stdout.dropped + self.stderr.dropped
        overflow = ""
        if dropped or len(lines) > self.limits.output_lines:
            kept = f"{self.limits.output_bytes // 1024} KiB or {self.limits.output_lines} lines"
            overflow = f"It wrote more than {kept}; the rest was not read."
            lines = lines[:-1] if dropped else lines
        kept_lines = tuple(line for line in lines if line.strip())[: self.limits.output_lines]
        return Output(kept_lines, self.stderr.text[-self.limits.body_bytes :], overflow)


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0):
            return True
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody listens on."""
    while True:
        port = random.choice(_PORTS)  # noqa: S311 - not a secret
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port


@contextmanager
def started(folder: Path, env: Mapping[str, str], limits: ProbeLimits) -> Iterator[RunningService]:
    """Start a service on a free port with this configuration; at the end nothing of it is left.

    Raises:
        AdapterError: `make` is missing.
    """
    port, marker = free_port(), secrets.token_hex(8)
    given = {"HOST": LOOPBACK, "PORT": str(port), **env, MARKER: marker}
    with ExitStack() as stack:
        stdout, stderr = OutputReader(limits.output_bytes), OutputReader(limits.output_bytes)
        stack.callback(stdout.finish)
        stack.callback(stderr.finish)
        child = stack.enter_context(
            process.running(
                ["make", "-s", "run"],
                cwd=folder,
                env=given,
                unset=_UNSET,
                stdout=stdout.pipe,
                stderr=stderr.pipe,
            )
        )
        stack.callback(end_survivors, child.pid, marker)
        stdout.program_started()
        stderr.program_started()
        yield RunningService(child, port, marker, stdout, stderr, limits)
