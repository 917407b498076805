"""What was observed of a running service, from outside. Bounded, and free of judgement."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from idp.core.http import Exchange

PROBE_ROUTES = {"error": 500, "slow": 200, "outbound": 200, "dependency": 204, "echo": 200}
"""The routes below `/contract-probe/` that a service mounts in probe mode, and what they answer."""


@dataclass(frozen=True)
class Start:
    """Whether the service listened on its port, after how many seconds, and if not, why not."""

    listening: bool
    seconds: float
    reason: str = ""


@dataclass(frozen=True)
class Output:
    """What the service wrote: stdout by lines, stderr as one text; `overflow` says what was cut off."""

    lines: tuple[str, ...] = ()
    stderr: str = ""
    overflow: str = ""


@dataclass(frozen=True)
class Refusal:
    """A start with wrong configuration: which key, how it ended, and what it said.

    Attributes:
        exit_code: None if the service was still running after `seconds`.
    """

    key: str
    wrong: str
    exit_code: int | None
    seconds: float
    output: str


@dataclass(frozen=True)
class Drain:
    """What a load balancer saw around SIGTERM; times are seconds after the signal.

    Attributes:
        ready: each probe of /health/ready: when, and its status (None: no answer).
        sent: requests sent by the balancer, before and after the signal.
        sent_after: those of them that were sent after the signal.
        failures: requests that failed, in words.
        served_while_draining: the status of a request on a new connection right after ready was not 200.
        in_flight: the request that was under way; None if there is no route for it.
        exit_seconds: None if the service had to be killed.
        allowed_seconds: the time within which it had to exit.
        left_over: processes of the service that outlived it.
    """

    ready: tuple[tuple[float, int | None], ...]
    sent: int
    sent_after: int
    failures: tuple[str, ...]
    served_while_draining: int | None
    in_flight: Exchange | None
    exit_seconds: float | None
    allowed_seconds: float
    left_over: tuple[str, ...]

    @property
    def not_ready(self) -> bool:
        """Whether ready answered 503 after the signal."""
        return any(moment >= 0 and status == 503 for moment, status in self.ready)  # noqa: PLR2004


@dataclass(frozen=True)
class Canary:
    """A made-up secret and where it was planted."""

    place: str
    value: str


@dataclass(frozen=True)
class Observations:
    """All that one live run saw.

    Attributes:
        exchanges: name of the probe → what came back, in order.
        outbound: the headers (lower-case names) of each request that the probe's listener got.
        trace_id: the trace ID that was sent along with the outbound probe.
        token: text that occurs in every unknown path, and nowhere else.
        drain: None if the service could not be brought that far.
    """

    start: Start
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    outbound: tuple[dict[str, str], ...] = ()
    trace_id: str = ""
    token: str = ""
    output: Output = Output()
    refusals: tuple[Refusal, ...] = ()
    drain: Drain | None = None
    canaries: tuple[Canary, ...] = ()

    def has_route(self, name: str) -> bool:
        """Whether the contract probe's route was mounted: it answered, and not that there is none."""
        exchange = self.exchanges.get(name)
        return exchange is not None and exchange.status not in {None, 404, 405, 501}

    @cached_property
    def log_lines(self) -> tuple[dict[str, Any] | None, ...]:
        """Each line of stdout as a JSON object, None where it is none."""
        return tuple(_json_object(line) for line in self.output.lines)

    @cached_property
    def records(self) -> tuple[dict[str, Any], ...]:
        """The lines of stdout that are JSON objects."""
        return tuple(line for line in self.log_lines if line is not None)


def _json_object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
