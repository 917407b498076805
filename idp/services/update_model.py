"""A template update: what it would do to each file, decided from four trees."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from idp.git.trees import Conflict

Entry = tuple[str, str]
"""Git's mode and object name of one path."""
Tree = Mapping[str, Entry]
"""Every path of a tree, POSIX, → its entry."""


class Action(StrEnum):
    """What the update does to one file."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    MERGED = "merged"
    KEPT = "kept"
    CONFLICT = "conflict"


class State(StrEnum):
    """What an update comes to.

    Attributes:
        CURRENT: the service has that version already.
        NO_OP: the version differs, but nothing that this service is made from.
        CLEAN: there are changes, and they go together with the service's own.
        CONFLICTS: some changes contradict the service's own.
    """

    CURRENT = "current"
    NO_OP = "no-op"
    CLEAN = "clean"
    CONFLICTS = "conflicts"


@dataclass(frozen=True)
class FileChange:
    """One file of the report; `note` says why where the action alone does not."""

    path: str
    action: Action
    note: str = ""


@dataclass(frozen=True)
class Trees:
    """The four trees of an update, each limited to the service's own folder.

    Attributes:
        base: what the recorded template version renders to.
        target: what the new template version renders to.
        ours: the service as it is.
        result: what the update makes of it.
    """

    base: Tree
    target: Tree
    ours: Tree
    result: Tree


def changes(trees: Trees, conflicts: Collection[Conflict], kept: Collection[str]) -> tuple[FileChange, ...]:
    """The report, sorted by path: every file that the template changed, and every conflict.

    Args:
        trees: see `Trees`.
        conflicts: what Git could not merge.
        kept: paths that the template says are never overwritten (`_skip_if_exists`).
    """
    unmerged = {conflict.path: conflict.kind for conflict in conflicts}
    touched = differing(trees.base, trees.target) | differing(trees.ours, trees.result) | set(unmerged)
    found = (_change(path, trees, unmerged, kept) for path in sorted(touched))
    return tuple(change for change in found if change is not None)


def differing(one: Tree, other: Tree) -> set[str]:
    """The paths whose entries differ."""
    return {path for path in one.keys() | other.keys() if one.get(path) != other.get(path)}


def _change(path: str, trees: Trees, unmerged: Mapping[str, str], kept: Collection[str]) -> FileChange | None:
    base, target = trees.base.get(path), trees.target.get(path)
    ours, result = trees.ours.get(path), trees.result.get(path)
    if path in unmerged:
        return FileChange(path, Action.CONFLICT, unmerged[path])
    if path in kept and ours == result:
        return FileChange(path, Action.KEPT, "the template never overwrites it")
    if ours == result:
        return _unchanged(path, base, target, ours)
    if ours is None:
        return FileChange(path, Action.ADDED)
    if result is None:
        return FileChange(path, Action.REMOVED)
    if ours == base or result == target:
        return FileChange(path, Action.CHANGED)
    return FileChange(path, Action.MERGED)


def _unchanged(path: str, base: Entry | None, target: Entry | None, ours: Entry | None) -> FileChange | None:
    """A file that the template changed and the update leaves alone."""
    if ours == target:
        return None
    if ours is None:
        return FileChange(path, Action.KEPT, "you deleted it: it stays deleted")
    if base is None:
        return FileChange(path, Action.KEPT, "it was here before the template had one")
    return FileChange(path, Action.KEPT, "your version already has the change")


def stays_deleted(conflict: Conflict, base: Tree, ours: Tree) -> bool:
    """Whether a conflict is only this: the user deleted a file that the template goes on changing."""
    return conflict.kind == "modify/delete" and conflict.path in base and conflict.path not in ours


def edited(base: Tree, ours: Tree) -> set[str]:
    """The template's files that the service has edited or deleted."""
    return {path for path, entry in base.items() if ours.get(path) != entry}


def overwritten(trees: Trees) -> set[str]:
    """Edited files that the result has lost to the template: its version stands there, or nothing does."""
    return {
        path
        for path, entry in trees.ours.items()
        if entry != trees.base.get(path)
        and entry != trees.result.get(path)
        and trees.result.get(path) == trees.target.get(path)
    }


def summary(files: Iterable[FileChange]) -> dict[str, int]:
    """How many files each action applies to, actions that occur only."""
    counts: dict[str, int] = {}
    for file in files:
        counts[file.action.value] = counts.get(file.action.value, 0) + 1
    return counts


@dataclass(frozen=True)
class UpdateReport:
    """What an update does, or did.

    Attributes:
        service: the service's name.
        template: `_src_path` of its answers.
        from_version: `_commit` of its answers.
        to_version: what it would be.
        files: the report of `changes`.
        diff: unified diff from the service as it is to the result; empty unless asked for.
        address: the shared address that `_src_path` is corrected to; None where it stays.
    """

    service: str
    template: str
    from_version: str
    to_version: str
    state: State
    files: Sequence[FileChange] = ()
    diff: str = ""
    address: str | None = None

    @property
    def conflicts(self) -> tuple[str, ...]:
        return tuple(file.path for file in self.files if file.action is Action.CONFLICT)


class OwnTestsState(StrEnum):
    """How a service's own checks went on the merged tree."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class OwnTests:
    """The checks of one merged tree.

    Attributes:
        command: what was run.
        output: the last lines, where they failed; why, where they were skipped.
    """

    state: OwnTestsState
    command: str
    output: str = ""
