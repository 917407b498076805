"""`idp update`: bring a service to a newer version of its template, without losing an edit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.core.errors import UpdateConflict, UserError
from idp.git import run as git
from idp.git import trees, work_tree
from idp.git.trees import ObjectStore
from idp.git.work_tree import Journal
from idp.platform.address import PLACEHOLDER, github_name
from idp.platform.model import ANSWERS_FILE
from idp.services import repository as service_repository
from idp.services import update_merge
from idp.services.answers_file import parse_answers_file
from idp.services.repository import ServiceRevision
from idp.services.template_source import template_source
from idp.services.update_merge import Outcome
from idp.services.update_model import Action, State, UpdateReport
from idp.templates import answers as service_rules
from idp.templates import store as template_store
from idp.templates import version as template_version
from idp.templates.answers import ANSWER_PLATFORM
from idp.templates.store import TemplateCommit, TemplateSource


@dataclass(frozen=True)
class Prepared:
    """A service, the state it was made from, and the one it would be brought to."""

    service: ServiceRevision
    older: TemplateCommit
    newer: TemplateCommit
    state: State

    def report(self, outcome: Outcome | None = None, diff: str = "") -> UpdateReport:
        conflicts = outcome is not None and any(file.action is Action.CONFLICT for file in outcome.files)
        state = self.state
        if outcome is not None and outcome.is_no_op:
            state = State.NO_OP
        elif conflicts:
            state = State.CONFLICTS
        return UpdateReport(
            service=self.service.name,
            template=self.service.answers.source,
            from_version=self.older.name,
            to_version=self.newer.name,
            state=state,
            files=outcome.files if outcome else (),
            diff=diff,
            address=self.newer.source if self.is_readdressed else None,
        )

    @property
    def is_readdressed(self) -> bool:
        """Whether the answers get another address of the template."""
        return self.newer.source != self.service.answers.source


@dataclass(frozen=True)
class Updated:
    """What an update did; with `dry_run` what it would do.

    Attributes:
        report: what changes.
        where: `work-tree`, or the branch's name; None where nothing was written.
        finished: it only completed an update that had been interrupted.
    """

    report: UpdateReport
    where: str | None
    dry_run: bool
    finished: bool = False


@dataclass(frozen=True)
class Aborted:
    """What was undone."""

    undone: str


def update(
    path: Path,
    *,
    to: str | None = None,
    data: Sequence[str] = (),
    ask: bool = False,
    dry_run: bool = False,
    branch: bool = False,
    markers: bool = False,
    platform: str | None = None,
) -> Updated:
    """Update one service; an address of the template that others cannot reach is corrected with it.

    Args:
        path: its folder, in a clean work tree.
        to: template version; None takes the newest.
        data: `NAME=VALUE` answers that override the recorded ones.
        ask: ask new questions on the terminal.
        dry_run: report with the full diff, write nothing.
        branch: commit to a branch `idp/update-<version>` instead of changing the work tree.
        markers: on conflicts, write the merge with conflict markers into the work tree.
        platform: URL or path to read the template from; None: see `template_source`.

    Raises:
        UserError: the work tree is dirty, the version unknown or older, the template gone.
    """
    service = service_repository.open_service(path)
    if dry_run:
        prepared = prepare(service, to, data, template_source(service.answers, platform))
        return Updated(dry_report(prepared, data, ask=ask), None, dry_run=True)
    with work_tree.locked(service.git_dir):
        if finished := _finish_interrupted(service):
            return finished
        if not branch:
            work_tree.refuse_dirty(service.repository)
        prepared = prepare(service, to, data, template_source(service.answers, platform))
        if prepared.state is not State.CLEAN:
            return Updated(prepared.report(), None, dry_run=False)
        outcome = merge(ObjectStore(service.git_dir), prepared, data, ask=ask)
        return _write(prepared, outcome, branch=branch, markers=markers)


def abort(path: Path) -> str:
    """Undo an update that is not committed yet; the title of what was undone.

    Raises:
        UserError: there is none.
    """
    service = service_repository.open_service(path)
    with work_tree.locked(service.git_dir):
        journal = work_tree.read_journal(service.git_dir, service.commit)
        if journal is None:
            raise UserError(
                "nothing-to-abort", "No update is under way here.", "`git status` shows what has changed."
            )
        work_tree.abort(service.repository, service.git_dir, journal)
        return journal.title


def verdict(done: Updated, *, markers: bool = False) -> UpdateConflict | None:
    """The error that lists the conflicts, None where there are none."""
    paths = done.report.conflicts
    if not paths:
        return None
    names = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")  # noqa: PLR2004
    if markers and done.where:
        hint = "Resolve the markers, then `git add` and commit; `idp update --abort` goes back."
    else:
        hint = (
            "Nothing was written. `idp update --markers` writes the merge with conflict markers to resolve."
        )
    return UpdateConflict(
        "update-conflict", f"The template and the service's own edits conflict in {names}.", hint
    )


def prepare(
    service: ServiceRevision, to: str | None, data: Sequence[str], source: TemplateSource
) -> Prepared:
    """Decide between which two states of the template the service is to be updated, if at all.

    Args:
        service: which.
        to: template version; None takes the newest.
        data: answers given anew.
        source: the template, and the address that is to be recorded.
    """
    recorded = service.answers
    given = service_rules.parse_answers(data)
    if given.get("template", recorded.template) != recorded.template:
        raise UserError(
            "template-change",
            "An update cannot change the template itself.",
            "Create a new service from the other template and move the code over.",
        )
    older = template_store.resolve(source, recorded.revision)
    newer = template_store.resolve(source, template_store.choose(source, to) or "HEAD")
    changed = bool(given) or source.address != recorded.source
    state = _state(older, newer, recorded.template, wanted=to, changed=changed)
    if state is State.CURRENT and changed:  # the version is newer than any release: only the rest changes
        return Prepared(service, older, older, State.CLEAN)
    return Prepared(service, older, newer, state)


def _state(
    older: TemplateCommit, newer: TemplateCommit, template: str | None, *, wanted: str | None, changed: bool
) -> State:
    if older.commit == newer.commit:
        return State.CLEAN if changed else State.CURRENT
    if template_version.is_older(newer.name, older.name) or (
        template_store.is_ancestor(newer, older) and not template_store.is_ancestor(older, newer)
    ):
        if wanted is None:
            return State.CURRENT
        raise UserError(
            "downgrade",
            f"{newer.name} is older than {older.name}, which the service has.",
            "A service only moves forward; revert the update's commit to go back.",
        )
    if changed or template_store.touches(older, newer, template):
        return State.CLEAN
    return State.NO_OP


def merge(store: ObjectStore, prepared: Prepared, data: Sequence[str], *, ask: bool) -> Outcome:
    """Render and merge; unknown answers are refused."""
    given: Mapping[str, Any] = {**_corrected_answers(prepared), **service_rules.parse_answers(data)}
    return update_merge.merge_update(
        store, prepared.service, prepared.older, prepared.newer, data=given, ask=ask
    )


def _corrected_answers(prepared: Prepared) -> dict[str, str]:
    """With the shared address comes the repository that workflows are called from, where nobody has named one."""
    name = github_name(prepared.newer.source) if prepared.is_readdressed else None
    recorded = parse_answers_file(prepared.service.answers_text, ANSWERS_FILE).values.get(ANSWER_PLATFORM)
    placeholder = str(recorded).partition("/")[0] == PLACEHOLDER
    return {ANSWER_PLATFORM: name} if name and placeholder else {}


def dry_report(prepared: Prepared, data: Sequence[str] = (), *, ask: bool = False) -> UpdateReport:
    """What an update would do, with the full diff; leaves no object behind."""
    if prepared.state is not State.CLEAN:
        return prepared.report()
    with trees.throwaway(prepared.service.git_dir) as store:
        outcome = merge(store, prepared, data, ask=ask)
        return prepared.report(outcome, trees.diff(store, prepared.service.tree, outcome.tree))


def whole_tree(store: ObjectStore, service: ServiceRevision, tree: str) -> str:
    """The repository's tree with the service's own replaced."""
    return trees.graft(store, f"{service.commit}^{{tree}}", service.subfolder, tree)


def branch_name(to_version: str) -> str:
    return f"idp/update-{to_version}"


def commit_message(report: UpdateReport) -> str:
    """The update's commit message, with trailers that say between which versions."""
    return (
        f"chore: update the template to {report.to_version}\n\n"
        f"Template-From: {report.from_version}\nTemplate-To: {report.to_version}\n"
    )


def _write(prepared: Prepared, outcome: Outcome, *, branch: bool, markers: bool) -> Updated:
    report = prepared.report(outcome)
    if report.state is State.NO_OP or (report.conflicts and not (markers and not branch)):
        return Updated(report, None, dry_run=False)
    service = prepared.service
    store = ObjectStore(service.git_dir)
    tree = whole_tree(
        store,
        service,
        trees.name_sides(store, outcome.tree, list(outcome.stages), outcome.sides, prepared.newer.name),
    )
    if branch:
        return Updated(report, _commit_to_branch(service, report, tree), dry_run=False)
    stages = {service.path(path): entries for path, entries in outcome.stages.items()}
    title = f"the update to {prepared.newer.name}"
    journal = Journal(service.commit, tree, "writing", title, stages)
    work_tree.apply(service.repository, service.git_dir, journal)
    return Updated(report, "work-tree", dry_run=False)


def _commit_to_branch(service: ServiceRevision, report: UpdateReport, tree: str) -> str:
    name = branch_name(report.to_version)
    env = git.identity(service.repository)
    commit = git.output(
        "commit-tree",
        "-p",
        service.commit,
        "-m",
        commit_message(report),
        tree,
        cwd=service.repository,
        env=env,
    )
    ref = f"refs/heads/{name}"
    existing = git.call("rev-parse", "--verify", "--quiet", f"{ref}^{{tree}}", cwd=service.repository)
    if existing.exit_code == 0:
        if existing.stdout.strip() == tree:
            return name
        raise UserError(
            "branch-exists",
            f"The branch {name} exists and holds something else.",
            f"Delete it: git branch -D {name}",
        )
    git.output("update-ref", ref, commit, "0" * 40, cwd=service.repository)
    return name


def _finish_interrupted(service: ServiceRevision) -> Updated | None:
    journal = work_tree.read_journal(service.git_dir, service.commit)
    if journal is None:
        return None
    if journal.state == "applied":
        if not git.output("status", "--porcelain", cwd=service.repository):
            return None
        raise UserError(
            "update-uncommitted",
            f"{journal.title[0].upper()}{journal.title[1:]} is in the work tree, but not committed.",
            "Review it (git diff --cached) and commit it, or undo it with `idp update --abort`.",
        )
    work_tree.finish(service.repository, service.git_dir, journal)
    recorded = service.answers
    report = UpdateReport(
        service.name, recorded.source, recorded.revision, journal.title.rpartition(" ")[2], State.CLEAN
    )
    return Updated(report, "work-tree", dry_run=False, finished=True)
