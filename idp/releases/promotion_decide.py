"""Decide on a promotion as things stand at one commit: read everything, then ask the domain once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from idp.core.errors import UsageError, UserError
from idp.environments import repository
from idp.environments.pin import Pin
from idp.releases import facts as promotion_facts
from idp.releases.facts import Known
from idp.releases.gates import evaluate
from idp.releases.gates.model import GateResult, PromotionFacts, Unreadable
from idp.releases.hold_mark import active
from idp.releases.promotion_evidence import forge_checks, with_reviews
from idp.releases.promotion_model import Action, Blocked, PromotionPlan, Unchanged, plan, promotion_branch

if TYPE_CHECKING:
    from idp.releases.record import ReleaseRecord


@dataclass(frozen=True)
class Asked:
    """What somebody wants.

    Attributes:
        release: a version; None for what the environment before runs, or for the last known good one.
        may_wait: whether gates may be pending, as for a pull request.
    """

    service: str
    environment: str
    release: str | None = None
    may_wait: bool = False
    reason: str = ""
    action: Action = Action.PROMOTE


@dataclass(frozen=True)
class Decided:
    """What the domain said, and what was read for it.

    Attributes:
        commit: at which everything was read.
        results: what each gate says, whatever came of it.
        present_file: the environment's release.env as it is, None if there is none.
        source: the environment that runs the release already.
        repository: the service's, empty if it is not known.
        also: further files of the commit that moves the pin: path → content.
        tags: annotated tags that go with it: name → message.
        note: what else a person should know.
    """

    commit: str
    outcome: PromotionPlan | Blocked | Unchanged
    results: tuple[GateResult, ...]
    record: "ReleaseRecord | None"
    present: Pin | None
    present_file: bytes | None
    source: str | None
    repository: str
    also: Mapping[PurePosixPath, bytes] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


Decide = Callable[[Known, Asked], Decided]


def decide(known: Known, asked: Asked) -> Decided:
    """What is to be done about one promotion.

    Raises:
        UsageError: a name is none, or a release has to be named.
        UserError: the service or release is unknown, or a file is malformed; the message says where.
    """
    environment = known.chain.get(asked.environment)
    entry = known.entry(asked.service)
    present = known.pin(environment.name, asked.service)
    release, source = _release(known, asked)
    record = _record(known, asked.service, release.version)
    marks = known.marks_of(asked.service)
    facts = PromotionFacts(
        datetime.now(UTC),
        asked.service,
        environment.name,
        release,
        record,
        present,
        marks.good,
        active(marks.holds),
        forge_checks=forge_checks(entry.repository, environment, release, record),
    )
    branch = promotion_branch(environment.name, asked.service)
    facts = with_reviews(facts, known.environments, branch, environment)
    return Decided(
        known.commit,
        plan(environment, facts, source=source, may_wait=asked.may_wait, reason=asked.reason),
        evaluate(environment, facts),
        None if isinstance(record, Unreadable) else record,
        present,
        known.pin_file(environment.name, asked.service),
        source,
        entry.repository,
    )


def _release(known: Known, asked: Asked) -> tuple[Pin, str | None]:
    """The release that is meant, and the environment that it comes from."""
    before = known.chain.previous(asked.environment)
    there = known.pin(before.name, asked.service) if before else None
    if asked.release is not None:
        record = promotion_facts.record(known.environments, known.commit, asked.service, asked.release)
        if record is None:
            raise _release_unknown(known, asked.service, asked.release)
        return record.pin, before.name if before and record.pin == there else None
    if before is None:
        raise UsageError(
            "release-missing",
            f"{asked.environment} is the first environment: nothing comes before it.",
            "Name the release with --release; `idp release` records one and pins it there.",
        )
    if there is None:
        raise UserError(
            "release-missing",
            f"{asked.service} has no release in {before.name} that could go to {asked.environment}.",
            f"Promote one to {before.name} first, or name one with --release.",
        )
    return there, before.name


def _release_unknown(known: Known, service: str, version: str) -> UserError:
    folder = f"environments/releases/{service}"
    listed = repository.listing(known.environments, known.commit, folder)
    names = [path.rpartition("/")[2].removesuffix(".json") for path in listed]
    return UserError(
        "release-unknown",
        f"{service} has no release {version!a}.",
        f"It has: {', '.join(names[-10:]) or 'none'}. `idp release` records one.",
    )


def _record(known: Known, service: str, version: str) -> "ReleaseRecord | Unreadable | None":
    """A record that cannot be read is an error of the gates that need it."""
    try:
        return promotion_facts.record(known.environments, known.commit, service, version)
    except UserError as error:
        return Unreadable(error.message)
