"""Gates: what is known before a promotion, and what each named check says of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from idp.environments.pin import Pin
from idp.releases.good_mark import GoodMark
from idp.releases.hold_mark import Hold

if TYPE_CHECKING:
    from idp.forges.pull_request import CheckState, Review
    from idp.releases.record import Provenance, ReleaseRecord


class GateState(StrEnum):
    """What a gate says: only `passed` lets a promotion through."""

    PASSED = "passed"
    PENDING = "pending"
    FAILED = "failed"
    ERRORED = "errored"


@dataclass(frozen=True)
class GateResult:
    """One gate's answer.

    Attributes:
        reason: why, a sentence for a person; text of unknown origin in it is made safe to show.
        passes_at: when it will pass if nothing else changes, UTC; None if that is not known.
    """

    name: str
    state: GateState
    reason: str
    passes_at: datetime | None = None

    @property
    def passed(self) -> bool:
        return self.state is GateState.PASSED


@dataclass(frozen=True)
class Unreadable:
    """That a fact could not be read, and why; a gate that needs it is errored, and blocks."""

    reason: str


@dataclass(frozen=True)
class PromotionFacts:
    """What is known before a promotion.

    Attributes:
        now: this moment, with a time zone.
        release: what is to be promoted.
        record: its release record, None if there is none.
        present: what the environment is pinned to, None if nothing.
        good_marks: the service's, in every environment that a gate looks at.
        holds: the service's active holds, in every environment.
        reviews: last word of each reviewer on the open pull request; None if none is open.
        head: the pull request's newest commit; None if none is open.
        authors: everyone who wrote it, by each name they are known by: login, e-mail addresses.
        forge_checks: how the checks of the source's revision stand on the forge; None if it was not asked.
        attested: who signed statements about the image, as verified just now; None if that was not looked at, and
            then the release record is believed.
    """

    now: datetime
    service: str
    environment: str
    release: Pin
    record: "ReleaseRecord | Unreadable | None"
    present: Pin | Unreadable | None
    good_marks: tuple[GoodMark, ...] | Unreadable
    holds: tuple[Hold, ...] | Unreadable
    reviews: "tuple[Review, ...] | Unreadable | None" = None
    head: str | Unreadable | None = None
    authors: tuple[str, ...] | Unreadable = ()
    forge_checks: "Mapping[str, CheckState] | Unreadable | None" = None
    attested: "tuple[Provenance, ...] | Unreadable | None" = None


def blocked(results: Iterable[GateResult]) -> tuple[GateResult, ...]:
    """The results that keep a promotion from being merged: everything but passed."""
    return tuple(result for result in results if not result.passed)


def refused(results: Iterable[GateResult]) -> tuple[GateResult, ...]:
    """The results that keep even a pull request from being opened: failed and errored."""
    return tuple(result for result in results if result.state in {GateState.FAILED, GateState.ERRORED})
