"""How long a live check waits and how much it reads: no service can hang or flood it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ProbeLimits:
    """All times in seconds.

    Attributes:
        install: for `make install`, which may download.
        start: until the service listens, or refuses to start.
        answer: for one whole answer.
        probing: for all probes together; those left over are not sent.
        drain: DRAIN_SECONDS that the service is given.
        grace: SHUTDOWN_GRACE_SECONDS that it is given.
        slack: what an exit may take beyond drain and grace on a busy machine.
        output_bytes: output kept; the rest is thrown away.
        output_lines: lines kept of it.
        body_bytes: bytes read of one answer.
    """

    install: float = 600.0
    start: float = 60.0
    answer: float = 10.0
    probing: float = 40.0
    drain: float = 3.0
    grace: float = 6.0
    slack: float = 3.0
    output_bytes: int = 16 * 1024 * 1024
    output_lines: int = 50_000
    body_bytes: int = 4 * 1024 * 1024
