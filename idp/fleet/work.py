"""The update of one service of the fleet: merge, test, push, pull request. Runs in a worker process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from idp.core.errors import Failure, IdpError
from idp.fleet import results as fleet_results
from idp.fleet.model import Delivery, FleetEntry, FleetState
from idp.fleet.plan import Planned, failed
from idp.fleet.results import Result
from idp.forges.pull_request import PullRequest
from idp.git import addresses, trees
from idp.git import mirror as fleet_store
from idp.git import run as git
from idp.git.trees import ObjectStore
from idp.services import own_tests as service_tests
from idp.services import update, update_branch, update_pull_request
from idp.services.update_model import OwnTests, OwnTestsState, State, UpdateReport, summary
from idp.templates import changelog as template_changelog
from idp.templates import version as template_version


@dataclass(frozen=True)
class FleetOptions:
    """What is done with each merge.

    Attributes:
        test: run the service's own checks on it, first.
        test_seconds: how long these may take.
        push: bring it to the update branch.
        pull_request: open or refresh the pull request of that branch.
    """

    test: bool = False
    push: bool = False
    pull_request: bool = False
    test_seconds: float = field(default_factory=lambda: service_tests.SECONDS)


def work(planned: Planned, options: FleetOptions) -> FleetEntry:
    """Update one service; whatever goes wrong is in its entry."""
    entry = _entry(planned)
    try:
        return _Work(planned, options).run(entry)
    except IdpError as error:
        return failed(planned.entry, Failure.of(error), entry)
    except Exception as error:  # noqa: BLE001 - one broken service never stops the others
        words = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        hint = "This is a bug in idp; `idp update` on a clone of the service shows it by itself."
        return failed(planned.entry, Failure("bug", words, hint), entry)


def _entry(planned: Planned) -> FleetEntry:
    prepared, entry = planned.prepared, planned.entry
    return FleetEntry(
        entry.name, FleetState.CLEAN, entry.owner, entry.template, prepared.older.name, prepared.newer.name
    )


class _Work:
    def __init__(self, planned: Planned, options: FleetOptions) -> None:
        self._planned = planned
        self._options = options
        self._prepared = planned.prepared
        self._key = fleet_results.key(
            planned.prepared.service, planned.prepared.older, planned.prepared.newer
        )
        self._result = fleet_results.load(self._key)

    def run(self, entry: FleetEntry) -> FleetEntry:
        result = self._result
        if result is None or (self._needs_commit(result) and not self._has_commit(result)):
            with self._store() as store:
                return self._settle(entry, self._merge(store), store)
        return self._settle(entry, result, ObjectStore(self._planned.references.git_dir))

    def _needs_commit(self, result: Result) -> bool:
        wanted = self._options.push or (self._options.test and not result.tested)
        return wanted and result.report.state is not State.NO_OP

    def _has_commit(self, result: Result) -> bool:
        env = {"GIT_DIR": str(self._planned.references.git_dir)}
        return (
            bool(result.commit)
            and git.call("cat-file", "-e", f"{result.commit}^{{commit}}", env=env).exit_code == 0
        )

    @contextmanager
    def _store(self) -> Iterator[ObjectStore]:
        """A mirror is idp's own and keeps the objects; in somebody's repository nothing is left but what is pushed."""
        git_dir = self._planned.references.git_dir
        if self._options.push and not addresses.is_local(self._planned.entry.repository):
            yield ObjectStore(git_dir)
            return
        with trees.throwaway(git_dir) as store:
            yield store

    def _merge(self, store: ObjectStore) -> Result:
        prepared = self._prepared
        outcome = update.merge(store, prepared, (), ask=False)
        report = prepared.report(outcome)
        commit = ""
        if report.state is not State.NO_OP and (self._options.push or self._options.test):
            stages, version = list(outcome.stages), prepared.newer.name
            named = trees.name_sides(store, outcome.tree, stages, outcome.sides, version)
            tree = update.whole_tree(store, prepared.service, named)
            message = update.commit_message(report)
            commit = update_branch.commit(store, prepared.service.commit, tree, message, prepared.newer)
        result = Result(report, outcome.edited, commit)
        fleet_results.save(self._key, result)
        return result

    def _settle(self, entry: FleetEntry, result: Result, store: ObjectStore) -> FleetEntry:
        report = result.report
        entry = replace(
            entry,
            state=FleetState(report.state.value),
            counts=summary(report.files),
            files=tuple(report.files),
            edited=result.edited,
        )
        if report.state is State.NO_OP:
            return entry
        if self._options.test:
            entry = replace(entry, tests=self._test(result, store))
        if not self._options.push:
            return entry
        try:
            return replace(entry, delivery=self._deliver(result, entry.tests, store))
        except IdpError as error:
            return replace(entry, failure=Failure.of(error))

    def _test(self, result: Result, store: ObjectStore) -> OwnTests:
        if result.report.conflicts:
            return OwnTests(OwnTestsState.SKIPPED, service_tests.SHOWN, "the merge has conflicts")
        if result.tested:
            return OwnTests(OwnTestsState.PASSED, service_tests.SHOWN)
        folders = [store.git_dir / "objects"]
        if own := store.env.get("GIT_OBJECT_DIRECTORY"):
            folders.append(Path(own))
        tests = service_tests.run(folders, result.commit, self._options.test_seconds)
        if tests.state is OwnTestsState.PASSED:
            fleet_results.save(self._key, replace(result, tested=True))
        return tests

    def _deliver(self, result: Result, tests: OwnTests | None, store: ObjectStore) -> Delivery:
        references, address = self._planned.references, self._planned.entry.repository
        branch = update.branch_name(result.report.to_version)
        pushed = update_branch.push(store, address, references, branch, result.commit)
        delivery = Delivery(branch, pushed.tip, pushed.pushed, pushed.note)
        if not self._options.pull_request:
            return delivery
        from idp.forges import forge_for

        forge = forge_for(address)
        if pushed.note:
            present = forge.find_open(address, branch)
            return replace(
                delivery, pull_request=present.url if present else None, draft=bool(present and present.draft)
            )
        opened = forge.open_or_refresh(self._pull_request(branch, result.report, tests))
        return replace(
            delivery,
            pull_request=opened.url,
            draft=opened.draft,
            opened=opened.created,
            refreshed=opened.changed,
            superseded=self._supersede(branch, result.report.to_version, store),
        )

    def _pull_request(self, branch: str, report: UpdateReport, tests: OwnTests | None) -> PullRequest:
        prepared = self._prepared
        changelog = template_changelog.subjects(
            prepared.older, prepared.newer, prepared.service.answers.template
        )
        broken = tests is not None and tests.state is OwnTestsState.FAILED
        return PullRequest(
            repository=self._planned.entry.repository,
            head=branch,
            base=self._planned.references.branch or "main",
            title=update_pull_request.title(report),
            body=update_pull_request.body(report, changelog, tests),
            draft=broken or bool(report.conflicts),
        )

    def _supersede(self, branch: str, version: str, store: ObjectStore) -> tuple[str, ...]:
        """Close the pull requests of earlier updates; their branches go where nobody else has worked on them."""
        from idp.forges import forge_for

        references, address = self._planned.references, self._planned.entry.repository
        closed = []
        for other in sorted(references.matching):
            earlier = other.removeprefix(fleet_store.UPDATE_BRANCHES)
            if other == branch or not template_version.is_older(earlier, version):
                continue
            if forge_for(address).close(address, other, update_pull_request.superseded(version)):
                closed.append(other)
            update_branch.delete(store, address, references, other)
        return tuple(closed)
