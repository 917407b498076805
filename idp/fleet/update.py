"""`idp update --fleet`: bring every service of the catalog to a newer version of its template."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from idp.core.errors import Failure
from idp.fleet import facts as fleet_facts
from idp.fleet import plan as fleet_plan
from idp.fleet.model import FleetEntry, FleetReport, fleet_report
from idp.fleet.plan import OnProgress, Planned, failed
from idp.fleet.pool import pooled
from idp.fleet.selection import parse_selection, parse_shard
from idp.fleet.work import FleetOptions, work
from idp.platform.find import find_platform, is_bundled
from idp.services.template_source import fleet_template_sources
from idp.templates import store as template_store

_WORKER_DIED = Failure(
    "worker-died",
    "The process that updated it was killed.",
    "It perhaps ran out of memory: try it again by itself, with --jobs 1 and --select name=….",
)


@dataclass(frozen=True)
class FleetRun:
    """What to do with the fleet.

    Attributes:
        select: expressions, see `parse_selection`.
        shard: `i/n`; None is everything.
        to: template version; None takes each template's newest.
        jobs: worker processes; None takes one a processor.
        test: run each service's own checks on the merge, first.
        push: bring it to the update branch.
        pull_request: open or refresh the pull request of that branch.
        dry_run: merge and, where asked, test; write nothing to any repository.
    """

    select: Sequence[str] = ()
    shard: str | None = None
    to: str | None = None
    jobs: int | None = None
    test: bool = False
    push: bool = False
    pull_request: bool = False
    dry_run: bool = False

    @property
    def options(self) -> FleetOptions:
        push = self.push and not self.dry_run
        return FleetOptions(self.test, push, push and self.pull_request)


def update_fleet(run: FleetRun, *, platform: str | None = None, on_progress: OnProgress) -> FleetReport:
    """Plan every service's update, then do it: merge, and as asked test, push, open pull requests.

    Ctrl-C ends it with a report of what was reached; running again goes on.

    Args:
        run: what to do.
        platform: URL or path of the platform repository; None looks for it.
        on_progress: told (done, of, what).

    Raises:
        UsageError: the selection or the shard is none.
    """
    selection, shard = parse_selection(run.select), parse_shard(run.shard)
    template_store.forget_lookups()
    found = find_platform(platform, Path.cwd())
    listed = fleet_plan.listed(found, selection, shard)
    done: list[FleetEntry] = []
    names = [one.name for one in listed]
    try:
        sources = fleet_template_sources(None if is_bundled(found) else found)
        plan = fleet_plan.plan(listed, run.to, on_progress, sources)
        done += plan.settled
        for entry in _worked(plan.to_do, run, on_progress):
            done.append(entry)
        _remember_edits(plan, done)
    except KeyboardInterrupt:
        reached = {entry.name for entry in done}
        return fleet_report(found.source, done, set(names) - reached, dry_run=run.dry_run)
    return fleet_report(found.source, done, (), dry_run=run.dry_run)


def _remember_edits(plan: fleet_plan.FleetPlan, done: Iterable[FleetEntry]) -> None:
    """For `idp status`, which never renders anything."""
    edited = {entry.name: entry.edited for entry in done if entry.edited is not None}
    found = {}
    for planned in plan.to_do:
        count, commit = edited.get(planned.entry.name), planned.references.commit or ""
        if count is not None and plan.facts[commit].edited != count:
            found[commit] = fleet_facts.with_edited(plan.facts[commit], count)
    if found:
        fleet_facts.save(found)


def _worked(to_do: Sequence[Planned], run: FleetRun, on_progress: OnProgress) -> Iterator[FleetEntry]:
    """Every service's outcome, as each is done."""
    planned = {one.entry.name: one for one in to_do}
    function = partial(work, options=run.options)
    for count, (name, entry) in enumerate(pooled(function, planned, run.jobs), 1):
        on_progress(count, len(to_do), f"update {name}")
        yield entry or failed(planned[name].entry, _WORKER_DIED)
