"""Freeze: nothing is promoted while a window lies over this moment."""

from idp.environments.chain import Environment
from idp.environments.freeze_window import freeze_at
from idp.releases.gates.answers import errored, passed, pending
from idp.releases.gates.model import GateResult, PromotionFacts, Unreadable

NAME = "freeze"


def freeze(environment: Environment, facts: PromotionFacts) -> GateResult:
    try:
        found = freeze_at(environment.gates.freeze, facts.now)
    except (LookupError, ValueError, OSError, OverflowError) as error:
        return errored(NAME, "The freeze windows", Unreadable(str(error)))
    if found is None:
        return passed(NAME, f"No freeze window lies over {facts.now:%Y-%m-%d %H:%M %Z}.")
    why = "; ".join(dict.fromkeys(found.reasons))
    if found.until is None:
        return pending(NAME, f"Frozen: {why}. The windows leave no gap within a year.")
    return pending(NAME, f"Frozen until {found.until:%Y-%m-%d %H:%M} UTC: {why}.", found.until)
