"""The four answers of a gate."""

from datetime import datetime

from idp.core.text import safe
from idp.releases.gates.model import GateResult, GateState, Unreadable


def passed(name: str, reason: str) -> GateResult:
    return GateResult(name, GateState.PASSED, safe(reason))


def failed(name: str, reason: str) -> GateResult:
    return GateResult(name, GateState.FAILED, safe(reason))


def pending(name: str, reason: str, passes_at: datetime | None = None) -> GateResult:
    return GateResult(name, GateState.PENDING, safe(reason), passes_at)


def errored(name: str, what: str, fact: Unreadable) -> GateResult:
    """The answer where a fact could not be read; it blocks."""
    return GateResult(name, GateState.ERRORED, safe(f"{what} could not be read: {fact.reason}"))
