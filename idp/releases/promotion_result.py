"""What became of one service's pin in one environment."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from idp.core.errors import Failure, GateBlocked, IdpError, UserError
from idp.releases.gates.model import GateResult
from idp.releases.promotion_model import Action


class PromotionState(StrEnum):
    """How far it got."""

    DONE = "done"
    OPENED = "opened"
    OPEN = "open"
    PLANNED = "planned"
    UNCHANGED = "unchanged"
    BLOCKED = "blocked"
    FAILED = "failed"


@dataclass(frozen=True)
class Promotion:
    """One service in one environment.

    Attributes:
        state: `open`: the pull request was there already, and says the same; `planned`: what a dry run would do.
        source: the environment that runs the release already; None for one that was named.
        version, image: the release that is or was to go in; empty if not even that is known.
        from_version: what the environment was pinned to; None if nothing.
        gates: what each gate says.
        commit: the one that moved the pin.
        pull_request: where it is; branch: its branch.
        held: the version that is held since, so that it stays away.
        files: what changes.
        note: what else a person should know.
        failure: why it failed or is blocked.
    """

    service: str
    environment: str
    action: Action
    state: PromotionState
    source: str | None = None
    version: str = ""
    image: str = ""
    from_version: str | None = None
    gates: Sequence[GateResult] = ()
    commit: str | None = None
    pull_request: str | None = None
    branch: str | None = None
    held: str | None = None
    files: Sequence[str] = ()
    reason: str = ""
    note: str = ""
    failure: Failure | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Promotions:
    """Everything that was ready: one entry for each service and environment with something to do."""

    promotions: Sequence[Promotion]
    dry_run: bool = False


def verdict(promotion: Promotion) -> IdpError | None:
    """The error that a promotion ends with, None if it did what was asked."""
    failure = promotion.failure
    if failure is None:
        return None
    kind = GateBlocked if promotion.state is PromotionState.BLOCKED else UserError
    return kind(failure.code, failure.message, failure.hint)


def verdict_of_all(promotions: Promotions) -> IdpError | None:
    """Blocked is no failure: it waits for its gates."""
    failed = [one for one in promotions.promotions if one.state is PromotionState.FAILED]
    if not failed:
        return None
    said = "; ".join(
        f"{one.service} to {one.environment}: {one.failure.message}" for one in failed if one.failure
    )
    return UserError(
        "promotions-failed", f"{len(failed)} of {len(promotions.promotions)} failed: {said}",
        "The others were done. Mend what is said, then run it again.",
    )  # fmt: skip
