"""`idp status`: the fleet at a glance, from what this machine's Git knows."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from idp.core.errors import Failure, IdpError
from idp.environments import files as environment_files
from idp.environments.catalog import CatalogEntry, Listed
from idp.environments.find import fleet_files
from idp.fleet import facts as fleet_facts
from idp.fleet import plan as fleet_plan
from idp.fleet import status_model as fleet_status
from idp.fleet.facts import Facts
from idp.fleet.plan import OnProgress
from idp.fleet.selection import Shard, parse_selection
from idp.fleet.status_model import FleetStatus, ServiceStatus
from idp.git import addresses
from idp.git import mirror as fleet_store
from idp.git import refs as repository_refs
from idp.git.refs import References
from idp.platform.address import is_machine_local, same_repository
from idp.platform.find import find_platform, is_bundled
from idp.platform.model import Platform
from idp.services.template_source import fleet_template_sources
from idp.templates import store as template_store
from idp.templates import version as template_version

_NETWORK_THREADS = 16


def status(
    select: Sequence[str] = (),
    *,
    platform: str | None = None,
    fetch: bool = False,
    drift: bool = False,
    on_progress: OnProgress,
) -> FleetStatus:
    """What is known of each service: no network and no rendering unless asked for.

    Args:
        select: expressions, see `parse_selection`.
        platform: URL or path of the platform repository; None looks for it.
        fetch: look at every service's repository, and the platform's, first.
        drift: render what is not known yet to compare with.
        on_progress: told (done, of, what).
    """
    selection = parse_selection(select)
    found = find_platform(platform, Path.cwd())
    usual = None if is_bundled(found) else found
    files = fleet_files(found, fetch=fetch)
    entries = fleet_plan.chosen(files, selection, Shard())
    unreachable = _fetch(entries, on_progress) if fetch else {}
    places = {one.name: fleet_store.known(one.entry.repository) for one in entries if one.entry}
    facts = _facts(places.values())
    if drift:
        from idp.fleet.drift import with_drift

        facts = with_drift(entries, places, facts, on_progress, fleet_template_sources(usual))
    chain = environment_files.environment_names(files)
    tags = {
        source: _tags(source, usual) for source in {fact.source for fact in facts.values() if fact.source}
    }
    services = [
        _service(
            one, places.get(one.name), facts, tags, fleet_status.releases(one.name, chain, files), unreachable
        )
        for one in entries
    ]
    return FleetStatus(found.source, chain, services)


def _fetch(entries: Iterable[Listed], on_progress: OnProgress) -> dict[str, Failure]:
    """Bring every mirror up to date; which services could not be reached, and why."""
    wanted = [one.entry for one in entries if one.entry and not addresses.is_local(one.entry.repository)]
    unreachable: dict[str, Failure] = {}
    with ThreadPoolExecutor(_NETWORK_THREADS) as pool:
        for count, (entry, failure) in enumerate(zip(wanted, pool.map(_refreshed, wanted), strict=True), 1):
            on_progress(count, len(wanted), f"look at {entry.name}")
            if failure:
                unreachable[entry.name] = failure
    return unreachable


def _refreshed(entry: CatalogEntry) -> Failure | None:
    try:
        fleet_store.current(entry.repository)
    except IdpError as error:
        return Failure.of(error)
    return None


def _facts(places: Iterable[References | None]) -> dict[str, Facts]:
    known = fleet_facts.load()
    asked = [(at.git_dir, at.commit) for at in places if at and at.commit]
    facts = fleet_facts.read(asked, known)
    if any(commit not in known for commit in facts):
        fleet_facts.save(facts)
    return facts


def _service(
    one: Listed,
    at: References | None,
    facts: Mapping[str, Facts],
    tags: Mapping[str, Sequence[str]],
    releases: Mapping[str, str],
    unreachable: Mapping[str, Failure],
) -> ServiceStatus:
    entry = one.entry
    if entry is None:
        return ServiceStatus(one.name, releases=releases, failure=one.failure)
    if not entry.has_template:
        failure = unreachable.get(one.name) or (_unknown(entry) if at is None else None)
        return ServiceStatus(one.name, entry.owner, entry.template, releases=releases, failure=failure)
    fact = facts.get(at.commit) if at and at.commit else None
    version = (fact.revision if fact else "") or entry.template_version
    return ServiceStatus(
        name=one.name,
        owner=entry.owner,
        template=entry.template,
        version=version,
        behind=fleet_status.behind(version, tags.get(fact.source, ()) if fact else ()),
        drift=fact.edited if fact else None,
        open_update=fleet_status.open_update(version, _update_versions(at)),
        releases=releases,
        failure=unreachable.get(one.name)
        or (fact.failure if fact else _unknown(entry) if at is None else None),
    )


def _unknown(entry: CatalogEntry) -> Failure:
    if addresses.is_local(entry.repository):
        return Failure(
            "service-unreachable",
            f"{entry.repository[:200]} is no Git repository.",
            "Correct `repository` in its catalog entry, or delete the entry if the service is gone.",
        )
    return Failure("never-fetched", "It was never looked at from here.", "`idp status --fetch` looks at it.")


def _update_versions(at: References | None) -> list[str]:
    return [branch.removeprefix(fleet_store.UPDATE_BRANCHES) for branch in at.matching] if at else []


def _tags(source: str, usual: Platform | None) -> tuple[str, ...]:
    """A template's versions as far as this machine knows them: at its address, else where the user's platform is."""
    repository = template_store.known_repository(source)
    if repository is None and usual and (is_machine_local(source) or same_repository(source, usual.address)):
        repository = template_store.known_repository(usual.source)
    found = repository_refs.git_dir(repository) if repository else None
    return (
        tuple(version.tag for version in template_version.versions(repository_refs.tags(found)))
        if found
        else ()
    )
