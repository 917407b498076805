"""Soak: the same image has been good in an earlier environment for long enough."""

from datetime import UTC, timedelta

from idp.environments.chain import Environment
from idp.releases.gates.answers import errored, failed, passed, pending
from idp.releases.gates.model import GateResult, PromotionFacts, Unreadable
from idp.releases.gates.verified_in import held_since, marks_of_image

NAME = "soak"


def soak(environment: Environment, facts: PromotionFacts) -> GateResult:
    where, needed = environment.gates.soak_in or "", environment.gates.soak or timedelta.max
    if isinstance(facts.good_marks, Unreadable):
        return errored(NAME, "The good marks", facts.good_marks)
    if isinstance(facts.holds, Unreadable):
        return errored(NAME, "The holds", facts.holds)
    marks = marks_of_image(facts, where)
    if not marks:
        return failed(
            NAME, f"This image has not been good in {where}, so its {duration(needed)} have not begun."
        )
    held = held_since(facts, facts.holds, where)
    if held:
        return failed(NAME, held)
    if marks[0].at is None:
        unknown = Unreadable(f"the tag of its good mark in {where} is a lightweight one, made by hand")
        return errored(NAME, "Since when this image is good", unknown)
    since = marks[0].at.astimezone(UTC)
    over = since + needed
    if facts.now < over:
        return pending(
            NAME, f"Good in {where} since {since:%Y-%m-%d %H:%M} UTC; {duration(needed)} are needed.", over
        )
    return passed(NAME, f"Good in {where} for {duration(needed)} and more.")


def duration(span: timedelta) -> str:
    """`1h30m`: days, hours, minutes and seconds, those that are not zero."""
    seconds = int(span.total_seconds())
    parts = []
    for letter, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        parts += [f"{count}{letter}"] if count else []
    return "".join(parts) or "0s"
