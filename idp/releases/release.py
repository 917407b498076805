"""`idp release`: write down what was built, and pin it in the first environment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from idp.core.errors import UsageError, UserError
from idp.environments import repository
from idp.environments.pin import Pin
from idp.environments.repository import Change
from idp.releases import facts as promotion_facts
from idp.releases.facts import Known
from idp.releases.gates import evaluate
from idp.releases.gates.model import GateResult, PromotionFacts
from idp.releases.hold_mark import active
from idp.releases.promote import find_place
from idp.releases.promotion_changes import pin_changes
from idp.releases.promotion_deliver import Place
from idp.releases.promotion_model import Action, Blocked, PromotionPlan, Unchanged, plan
from idp.releases.record import CheckEvidence, Provenance, ReleaseRecord, record_path, record_text


@dataclass(frozen=True)
class Build:
    """What a pipeline says of what it built: the fields of a release record, as they stand on a command line.

    Attributes:
        checks: `NAME=passed` or `NAME=failed`, a URL after a comma.
        built_at: ISO 8601 with a zone; None: now.
        provenance: the builder's identity, a URL after a comma.
    """

    version: str
    image: str
    revision: str
    checks: Sequence[str] = ()
    built_at: str | None = None
    sbom_digest: str | None = None
    provenance: str | None = None
    template_version: str | None = None


@dataclass(frozen=True)
class Released:
    """A release that is recorded.

    Attributes:
        record: path of its record; recorded: this call wrote it (or would, with `dry_run`).
        environment: the first one; pinned: this call pinned the release there (or would).
        from_version: what was pinned there before; None if nothing.
        gates: what the first environment's gates say.
        note: why it is not pinned, or what else a person should know.
    """

    service: str
    version: str
    image: str
    record: str
    recorded: bool
    environment: str
    pinned: bool
    from_version: str | None
    gates: Sequence[GateResult]
    commit: str | None
    note: str = ""
    dry_run: bool = False


def release(service: str, build: Build, *, platform: str | None = None, dry_run: bool = False) -> Released:
    """Record a release and pin it in the first environment, in one commit.

    The same release again changes nothing. One that may not enter the first environment is recorded alone.

    Args:
        service: its name.
        build: what was built.
        platform: URL or path of the platform; None looks for it.
        dry_run: only say what would be written.

    Raises:
        UsageError: an option is malformed.
        UserError: the service is unknown, the version is taken by something else, or a file is malformed.
        AdapterError: the repository refuses.
    """
    place = find_place(platform)
    latest: list[Released] = []

    def decide_at(tip: str) -> list[Change]:
        known = promotion_facts.known(place.environments, tip, [service], platform=place.platform)
        done, changes = _decide(place, known, service, build)
        latest[:] = [done]
        return changes

    if dry_run:
        decide_at(repository.tip(place.environments))
        return replace(latest[0], dry_run=True)
    published = repository.commit(place.environments, decide_at)
    if not published.commits:
        return latest[0]
    note = " ".join(filter(None, (latest[0].note, place.pushed)))
    return replace(latest[0], commit=published.tip, note=note)


def _decide(place: Place, known: Known, service: str, build: Build) -> tuple[Released, list[Change]]:
    record = _record(known, service, build)
    path = str(record_path(service, record.version))
    present = promotion_facts.record(place.environments, known.commit, service, record.version)
    first = known.chain.first
    pinned = known.pin(first.name, service)
    shown = Released(
        service,
        record.version,
        record.image,
        path,
        present is None,
        first.name,
        pinned=False,
        from_version=pinned.version if pinned else None,
        gates=(),
        commit=None,
    )
    if present is not None:
        return replace(shown, image=present.image, note=_compared(present, record)), []
    outcome, results = _outcome(known, record, pinned)
    shown = replace(shown, pinned=isinstance(outcome, PromotionPlan), gates=results)
    if not isinstance(outcome, PromotionPlan):
        message = (
            f"chore({service}): record {record.version}\n\n"
            f"Idp-Action: release\nIdp-Service: {service}\nIdp-Release: {record.version}\n"
        )
        note = outcome.error.message if isinstance(outcome, Blocked) else ""
        return replace(shown, note=note), [
            Change({record_path(service, record.version): record_text(record)}, message)
        ]
    changes = pin_changes(
        place.environments,
        place.platform,
        known.commit,
        outcome,
        known.pin_file(first.name, service),
        {record_path(service, record.version): record_text(record)},
    )
    return shown, changes


def _record(known: Known, service: str, build: Build) -> ReleaseRecord:
    entry = known.entry(service)
    Pin(
        build.image, build.version, build.revision
    )  # says what is wrong with them in the words of release.env
    return ReleaseRecord(
        service,
        build.version,
        build.image,
        build.revision,
        entry.template,
        build.template_version or entry.template_version,
        _moment(build.built_at),
        tuple(map(_check, build.checks)),
        build.sbom_digest,
        _provenance(build.provenance),
    )


def _outcome(
    known: Known, record: ReleaseRecord, present: Pin | None
) -> tuple[PromotionPlan | Blocked | Unchanged, tuple[GateResult, ...]]:
    marks = known.marks_of(record.service)
    facts = PromotionFacts(
        datetime.now(UTC),
        record.service,
        known.chain.first.name,
        record.pin,
        record,
        present,
        marks.good,
        active(marks.holds),
    )
    outcome = plan(known.chain.first, facts, source=None, may_wait=False, action=Action.RELEASE)
    return outcome, evaluate(known.chain.first, facts)


def _compared(present: ReleaseRecord, record: ReleaseRecord) -> str:
    """What to say of a release that is recorded already.

    Raises:
        UserError: the version is another artifact's.
    """
    if (present.image, present.revision) == (record.image, record.revision):
        same = present.checks == record.checks
        return "" if same else "Its record has other checks than were given now; a record is never rewritten."
    what = "image" if present.image != record.image else "revision"
    raise UserError(
        "release-taken",
        f"{present.service} {present.version} is recorded with another {what}: {getattr(present, what)}.",
        "A release never changes: raise the version and release that.",
    )


def _check(text: str) -> CheckEvidence:
    name, separator, rest = text.partition("=")
    state, _, url = rest.partition(",")
    if not separator or not name or state not in {"passed", "failed"}:
        raise UsageError(
            "usage",
            f"--check {text[:100]!a} is no NAME=passed or NAME=failed.",
            "A URL may follow: NAME=passed,URL",
        )
    return CheckEvidence(name, state == "passed", url or None)


def _provenance(text: str | None) -> Provenance | None:
    builder, _, url = (text or "").partition(",")
    return Provenance(builder, url or None) if text else None


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise UsageError(
            "usage", f"--built-at {text[:60]!a} is no time with a zone.", "Write 2026-11-23T08:00:00Z."
        )
    return found
