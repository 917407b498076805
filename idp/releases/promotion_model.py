"""Moving a release pin: what is to be written, or what stands against it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from idp.core.errors import GateBlocked
from idp.core.text import safe
from idp.environments.chain import Environment
from idp.environments.pin import Pin, pin_path
from idp.releases.gates import evaluate
from idp.releases.gates.model import GateResult, GateState, PromotionFacts, Unreadable, blocked, refused

_REASON_MAX = 500


class Action(StrEnum):
    """Why a pin moves."""

    RELEASE = "release"
    PROMOTE = "promote"
    ROLLBACK = "rollback"


@dataclass(frozen=True)
class PromotionPlan:
    """A pin that may be moved.

    Attributes:
        source: the environment that runs the release already, None for a release that was named.
        release: what the environment is to run; present: what it is pinned to, None if nothing.
        results: what each gate says; with `may_wait`, some may be pending.
        reason: why, in the words of who asked for it.
    """

    action: Action
    service: str
    environment: str
    source: str | None
    release: Pin
    present: Pin | None
    results: tuple[GateResult, ...] = ()
    reason: str = ""

    @property
    def path(self) -> PurePosixPath:
        """The one file that changes."""
        return pin_path(self.environment, self.service)

    @property
    def waits(self) -> bool:
        """Whether a gate has not passed yet."""
        return bool(blocked(self.results))


@dataclass(frozen=True)
class Blocked:
    """A pin that must not be moved; `results`: what every gate says, in order."""

    service: str
    environment: str
    release: Pin
    results: tuple[GateResult, ...]

    @property
    def error(self) -> GateBlocked:
        """The error that ends a command."""
        against = blocked(self.results)
        said = "; ".join(f"{result.name} {result.state}: {result.reason}" for result in against)
        return GateBlocked(
            "gate-blocked",
            f"{self.service} {self.release.version} may not enter {self.environment}: {said}",
            _hint(against),
        )


@dataclass(frozen=True)
class Unchanged:
    """There is nothing to do: the environment is pinned to the release already."""

    service: str
    environment: str
    release: Pin


def plan(
    environment: Environment,
    facts: PromotionFacts,
    *,
    source: str | None,
    may_wait: bool,
    action: Action = Action.PROMOTE,
    reason: str = "",
) -> PromotionPlan | Blocked | Unchanged:
    """Decide on a promotion.

    A rollback goes to a release that was good there: only the hold gate stands before it, no freeze for example.

    Args:
        environment: where the release is to go.
        facts: what is known.
        source: the environment that the release comes from, None if it was named.
        may_wait: whether gates may be pending, as for a pull request; else each has to have passed.
        action: why the pin moves.
        reason: the same, in the words of who asked for it.
    """
    if facts.present == facts.release:
        return Unchanged(facts.service, environment.name, facts.release)
    results = evaluate(environment if action is not Action.ROLLBACK else Environment(environment.name), facts)
    if isinstance(facts.present, Unreadable):
        result = GateResult("pin", GateState.ERRORED, safe(facts.present.reason))
        return Blocked(facts.service, environment.name, facts.release, (result, *results))
    if refused(results) if may_wait else blocked(results):
        return Blocked(facts.service, environment.name, facts.release, results)
    return PromotionPlan(
        action, facts.service, environment.name, source, facts.release, facts.present, results, reason
    )


def promotion_branch(environment: str, service: str) -> str:
    """The branch of a promotion's pull request, one per service and environment."""
    return f"idp/promote/{environment}/{service}"


def promotion_title(plan: PromotionPlan) -> str:
    """One line, a conventional commit's subject."""
    origin = f" from {plan.present.version}" if plan.present else ""
    verb = {Action.RELEASE: "release", Action.PROMOTE: "promote", Action.ROLLBACK: "roll back"}[plan.action]
    return f"chore({plan.environment}): {verb} {plan.service}{origin} to {plan.release.version}"


def promotion_message(plan: PromotionPlan) -> str:
    """The commit's message: `idp history` reads its trailers."""
    trailers = {
        "Idp-Action": plan.action.value,
        "Idp-Service": plan.service,
        "Idp-Environment": plan.environment,
        "Idp-Release": plan.release.version,
        "Idp-From": plan.present.version if plan.present else "",
        "Idp-Reason": one_line(plan.reason),
    }
    lines = [f"{key}: {value}" for key, value in trailers.items() if value]
    return "\n".join([promotion_title(plan), "", *lines, ""])


def one_line(text: str) -> str:
    """Hostile text as the value of a trailer: it cannot begin a line of its own."""
    return safe(" ".join(text.split()))[:_REASON_MAX]


def _hint(against: tuple[GateResult, ...]) -> str:
    moments = [result.passes_at for result in against]
    known = [moment for moment in moments if moment is not None]
    if known and len(known) == len(moments):
        return f"Nothing else is needed than to try again after {max(known):%Y-%m-%d %H:%M} UTC."
    return "`idp promote … --explain` shows every gate; docs/reference/gates.md says what each one needs."
