"""What an update of the fleet has to do, decided before anything is done: read everything, then group and compare."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from idp.core.errors import AdapterError, Failure, IdpError
from idp.environments import catalog
from idp.environments.catalog import CatalogEntry, Listed
from idp.environments.find import fleet_files
from idp.fleet import facts as fleet_facts
from idp.fleet.facts import Facts
from idp.fleet.model import FleetEntry, FleetState
from idp.fleet.selection import Selection, Shard
from idp.git import addresses
from idp.git import mirror as fleet_store
from idp.git.refs import References
from idp.platform.model import Platform
from idp.services import update
from idp.services.answers_file import RecordedAnswers
from idp.services.repository import ServiceRevision
from idp.services.update import Prepared
from idp.services.update_model import State
from idp.templates.store import TemplateSource

_NETWORK_THREADS = 16
_CATALOG = "catalog/"
_SUFFIX = ".yaml"
OnProgress = Callable[[int, int, str], None]
SourceOf = Callable[[RecordedAnswers], TemplateSource]


@dataclass(frozen=True)
class Planned:
    """A service that has something to merge."""

    entry: CatalogEntry
    references: References
    prepared: Prepared


@dataclass(frozen=True)
class FleetPlan:
    """What is settled already, and what there is to do."""

    settled: Sequence[FleetEntry]
    to_do: Sequence[Planned]
    facts: dict[str, Facts]


def listed(platform: Platform, selection: Selection, shard: Shard) -> list[Listed]:
    """The catalog's entries that are asked for, sorted by name, as they are now."""
    return chosen(fleet_files(platform, fetch=True), selection, shard)


def chosen(files: dict[str, bytes], selection: Selection, shard: Shard) -> list[Listed]:
    """The entries among the environments' files that are asked for, sorted by name."""
    names = sorted(path for path in files if path.startswith(_CATALOG) and path.endswith(_SUFFIX))
    every = (
        catalog.parse_entry(path.removeprefix(_CATALOG).removesuffix(_SUFFIX), files[path]) for path in names
    )
    return [one for one in every if shard.holds(one.name) and selection.selects(one.fields)]


def plan(
    entries: Sequence[Listed], to: str | None, on_progress: OnProgress, source_of: SourceOf
) -> FleetPlan:
    """Look at every service and compare template versions; the services' content is not read yet.

    Args:
        entries: see `listed`.
        to: template version; None takes the newest.
        on_progress: told how many services have been looked at.
        source_of: where a service's template is read from.
    """
    settled = [_failed(one, one.failure) for one in entries if one.failure is not None]
    settled += [_without_template(one.entry) for one in entries if one.entry and not one.entry.has_template]
    from_template = [one.entry for one in entries if one.entry and one.entry.has_template]
    found, unreachable = _look(from_template, on_progress)
    settled += unreachable
    facts = fleet_facts.load()
    read = fleet_facts.read([(at.git_dir, at.commit) for _, at in found if at.commit], facts)
    if any(commit not in facts for commit in read):
        fleet_facts.save(read)
    versions = _Versions(to, source_of)
    to_do = []
    for entry, references in found:
        try:
            planned = _planned(entry, references, read, versions)
        except IdpError as error:
            settled.append(failed(entry, Failure.of(error)))
            continue
        if planned.prepared.state is State.CLEAN:
            to_do.append(planned)
        else:
            settled.append(_unchanged(planned))
    return FleetPlan(settled, to_do, read)


def failed(entry: CatalogEntry, failure: Failure, base: FleetEntry | None = None) -> FleetEntry:
    """A service of which nothing (or no more than `base`) is known, and why."""
    known = base or FleetEntry(entry.name, FleetState.FAILED, entry.owner, entry.template)
    return replace(known, state=FleetState.FAILED, failure=failure)


def _failed(one: Listed, failure: Failure) -> FleetEntry:
    return FleetEntry(one.name, FleetState.FAILED, failure=failure)


def _without_template(entry: CatalogEntry) -> FleetEntry:
    return FleetEntry(entry.name, FleetState.NO_TEMPLATE, entry.owner, entry.template)


def _unchanged(planned: Planned) -> FleetEntry:
    prepared = planned.prepared
    return FleetEntry(
        planned.entry.name,
        FleetState(prepared.state.value),
        planned.entry.owner,
        planned.entry.template,
        prepared.older.name,
        prepared.newer.name,
    )


def _look(
    entries: Sequence[CatalogEntry], on_progress: OnProgress
) -> tuple[list[tuple[CatalogEntry, References]], list[FleetEntry]]:
    """Each service's branches as they are now; those on another machine are asked at the same time."""
    found, unreachable, seen = [], [], 0
    local = [entry for entry in entries if addresses.is_local(entry.repository)]
    remote = [entry for entry in entries if not addresses.is_local(entry.repository)]
    with ThreadPoolExecutor(min(_NETWORK_THREADS, len(remote)) or 1) as pool:
        looks = [*map(_look_at, local), *pool.map(_look_at, remote)] if remote else map(_look_at, local)
        for entry, result in zip([*local, *remote], looks, strict=True):
            seen += 1
            on_progress(seen, len(entries), f"look at {entry.name}")
            if isinstance(result, Failure):
                unreachable.append(failed(entry, result))
            else:
                found.append((entry, result))
    return found, unreachable


def _look_at(entry: CatalogEntry) -> References | Failure:
    try:
        return fleet_store.current(entry.repository)
    except IdpError as error:
        return Failure.of(error)
    except OSError as error:
        return Failure("service-unreachable", f"It cannot be read: {error.strerror}.", "Check its path.")


class _Versions:
    """Which template versions services are compared with: worked out once for all that share theirs."""

    def __init__(self, to: str | None, source_of: SourceOf) -> None:
        self._to = to
        self._source_of = source_of
        self._known: dict[tuple[str, str, str | None], Prepared | IdpError] = {}
        self._gone: dict[str, IdpError] = {}

    def prepare(self, service: ServiceRevision) -> Prepared:
        recorded = service.answers
        key = (recorded.source, recorded.revision, recorded.template)
        if key not in self._known:
            self._known[key] = self._decide(service)
        known = self._known[key]
        if isinstance(known, IdpError):
            raise known
        return replace(known, service=service)

    def _decide(self, service: ServiceRevision) -> Prepared | IdpError:
        recorded = service.answers.source
        if recorded in self._gone:
            return self._gone[recorded]
        try:
            source = self._source_of(service.answers)
        except IdpError as error:
            self._gone[recorded] = error
            return error
        try:
            return update.prepare(service, self._to, (), source)
        except IdpError as error:
            return error


def _planned(
    entry: CatalogEntry, references: References, read: dict[str, Facts], versions: _Versions
) -> Planned:
    facts = read.get(references.commit or "")
    if facts is None or references.commit is None:
        raise AdapterError(
            "service-unreadable",
            f"The default branch of {entry.name} cannot be read.",
            "Its repository is damaged or incomplete: `git fsck` in it says what is missing.",
        )
    if facts.failure is not None:
        raise AdapterError(facts.failure.code, facts.failure.message, facts.failure.hint)
    return Planned(entry, references, versions.prepare(revision(entry, references, facts)))


def revision(entry: CatalogEntry, references: References, facts: Facts) -> ServiceRevision:
    """The service at its default branch's tip; its folder's name is the service's, wherever it really lies."""
    return ServiceRevision(
        repository=Path(entry.name),
        git_dir=references.git_dir,
        subfolder="",
        commit=references.commit or "",
        tree=facts.tree,
        answers_text=facts.text,
        answers=facts.answers,
    )
