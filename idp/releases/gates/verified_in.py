"""Verified in: the same image was deployed and found good in an earlier environment, and is not held there since."""

from datetime import UTC, datetime

from idp.environments.chain import Environment
from idp.releases.gates.answers import errored, failed, passed
from idp.releases.gates.model import GateResult, PromotionFacts, Unreadable
from idp.releases.good_mark import GoodMark
from idp.releases.hold_mark import Hold, barring

NAME = "verified_in"


def verified_in(environment: Environment, facts: PromotionFacts) -> GateResult:
    where = environment.gates.verified_in or ""
    if isinstance(facts.good_marks, Unreadable):
        return errored(NAME, "The good marks", facts.good_marks)
    if isinstance(facts.holds, Unreadable):
        return errored(NAME, "The holds", facts.holds)
    marks = marks_of_image(facts, where)
    if not marks:
        return failed(NAME, f"This image has not been verified in {where}: deploy it there first.")
    held = held_since(facts, facts.holds, where)
    if held:
        return failed(NAME, held)
    at = f" at {marks[0].at:%Y-%m-%d %H:%M %Z}" if marks[0].at else ""
    return passed(NAME, f"Verified in {where}{at}.")


def held_since(facts: PromotionFacts, holds: tuple[Hold, ...], environment: str) -> str:
    """That what was good in an environment is held there now, empty if it is not."""
    found = barring(holds, environment, facts.service, facts.release)
    if found is None:
        return ""
    return f"It was good in {environment}, but is held there: {found.reason or 'no reason was given'}."


def marks_of_image(facts: PromotionFacts, environment: str) -> list[GoodMark]:
    """The good marks that the image to be promoted has in an environment, oldest first, those without a time last."""
    if isinstance(facts.good_marks, Unreadable):
        return []
    found = (
        mark
        for mark in facts.good_marks
        if (mark.environment, mark.service, mark.digest) == (environment, facts.service, facts.release.digest)
    )
    return sorted(found, key=lambda mark: mark.at or datetime.max.replace(tzinfo=UTC))
