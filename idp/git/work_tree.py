"""Bring a work tree from its commit to another tree, so that an interrupt can always be finished or undone.

A journal in the Git folder says what is under way before the first file is written. Whoever finds a journal whose
writer is gone finishes its work: each file is then as it was, as it shall be, or torn in the middle of being written.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from idp.core.errors import UserError
from idp.git import run as git
from idp.git.trees import ObjectStore, read_tree

_JOURNAL = "idp-update.json"
_LOCK = "idp-update.lock"
_INDEX = "idp-update.index"
Stages = Mapping[str, Sequence[tuple[str, str, int]]]


@dataclass(frozen=True)
class Journal:
    """An update of a work tree.

    Attributes:
        head: the commit that it started from.
        tree: the whole repository's tree that it goes to.
        state: `writing` until every file is there, then `applied`.
        title: what is being done, for messages.
    """

    head: str
    tree: str
    state: str
    title: str
    stages: Mapping[str, Sequence[Sequence[object]]]


@contextmanager
def locked(git_dir: Path) -> Iterator[None]:
    """Only one update at a time; the lock goes with the process that holds it.

    Raises:
        UserError: another one is under way.
    """
    with (git_dir / _LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(
                "update-running", "Another update of this service is running.", "Wait until it has ended."
            ) from error
        yield


def refuse_dirty(repository: Path) -> None:
    """Raise a UserError where there is anything that is not committed."""
    status = git.output("status", "--porcelain", cwd=repository)
    if status:
        names = ", ".join(line[3:] for line in status.splitlines()[:3])
        raise UserError(
            "work-tree-dirty",
            f"{repository} has changes that are not committed ({names}).",
            "Commit or stash them (git stash --include-untracked), then update.",
        )


def read_journal(git_dir: Path, head: str) -> Journal | None:
    """What an earlier update left to know about this commit; a journal of another commit is done with."""
    file = git_dir / _JOURNAL
    try:
        journal = Journal(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    if journal.head != head:
        file.unlink(missing_ok=True)
        return None
    return journal


def apply(repository: Path, git_dir: Path, journal: Journal) -> None:
    """Bring the clean work tree from `journal.head` to `journal.tree`.

    Raises:
        UserError: a file that Git ignores lies where the update adds one.
    """
    store = ObjectStore(git_dir)
    before, after = read_tree(store, journal.head), read_tree(store, journal.tree)
    in_the_way = [path for path in after if path not in before and os.path.lexists(repository / path)]
    if in_the_way:
        raise UserError(
            "file-in-the-way",
            f"The update adds {in_the_way[0]}, and an ignored file of that name exists.",
            "Move it away, then update.",
        )
    _write_journal(git_dir, journal)
    _write_files(repository, git_dir, journal, before, after)


def finish(repository: Path, git_dir: Path, journal: Journal) -> None:
    """Complete an update that was interrupted.

    Raises:
        UserError: a file was edited since.
    """
    store = ObjectStore(git_dir)
    before, after = read_tree(store, journal.head), read_tree(store, journal.tree)
    _refuse_edited(repository, store, before, after)
    _write_files(repository, git_dir, journal, before, after)


def abort(repository: Path, git_dir: Path, journal: Journal) -> None:
    """Bring every file that the update touched back to `journal.head`."""
    store = ObjectStore(git_dir)
    before, after = read_tree(store, journal.head), read_tree(store, journal.tree)
    back = Journal(journal.head, f"{journal.head}^{{tree}}", "writing", f"undo {journal.title}", {})
    _write_files(repository, git_dir, back, after, before)
    (git_dir / _JOURNAL).unlink(missing_ok=True)


def _write_journal(git_dir: Path, journal: Journal) -> None:
    temporary = git_dir / f"{_JOURNAL}.new"
    temporary.write_text(json.dumps(asdict(journal)), encoding="utf-8")
    temporary.replace(git_dir / _JOURNAL)


def _write_files(
    repository: Path,
    git_dir: Path,
    journal: Journal,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    """Write what differs, by an index of our own that then becomes the work tree's."""
    index = git_dir / _INDEX
    for leftover in (index, git_dir / f"{_INDEX}.lock"):
        leftover.unlink(missing_ok=True)
    actual = Path(git.output("rev-parse", "--path-format=absolute", "--git-path", "index", cwd=repository))
    if actual.exists():
        shutil.copyfile(actual, index)
    env = {"GIT_INDEX_FILE": str(index)}
    git.output("read-tree", journal.tree, cwd=repository, env=env)
    changed = [path for path, entry in after.items() if before.get(path) != entry]
    gone = [path for path in before if path not in after]
    for path in gone:
        _remove(repository, path)
    names = "".join(f"{path}\0" for path in changed if not _is_submodule(after[path]))
    git.output("checkout-index", "--force", "-u", "-z", "--stdin", cwd=repository, stdin=names, env=env)
    if journal.stages:
        lines = [
            line
            for path, entries in journal.stages.items()
            for line in (
                f"0 {'0' * 40}\t{path}\0",
                *(f"{mode} {name} {stage}\t{path}\0" for mode, name, stage in entries),
            )
        ]
        git.output("update-index", "-z", "--index-info", cwd=repository, env=env, stdin="".join(lines))
    _refuse_locked(actual)
    index.replace(actual)
    if journal.state == "writing":
        _write_journal(git_dir, Journal(journal.head, journal.tree, "applied", journal.title, journal.stages))


def _is_submodule(entry: object) -> bool:
    return isinstance(entry, tuple) and entry[0] == "160000"


def _remove(repository: Path, path: str) -> None:
    target = repository / path
    target.unlink(missing_ok=True)
    for folder in target.parents:
        if folder == repository:
            break
        try:
            folder.rmdir()
        except OSError:
            break


def _refuse_locked(index: Path) -> None:
    if index.with_name("index.lock").exists():
        raise UserError(
            "index-locked",
            "Another Git command is using this repository.",
            f"Run `idp update` again when it has ended; if none runs, delete {index}.lock.",
        )


def _refuse_edited(
    repository: Path,
    store: ObjectStore,
    before: Mapping[str, tuple[str, str]],
    after: Mapping[str, tuple[str, str]],
) -> None:
    for path in before.keys() | after.keys():
        if before.get(path) == after.get(path):
            continue
        if not _is_ours(repository / path, store, before.get(path), after.get(path)):
            raise UserError(
                "edited-since",
                f"An update was interrupted, and {path} was edited since.",
                "Save your edit elsewhere, run `idp update --abort`, then update and bring the edit back.",
            )


def _is_ours(
    file: Path, store: ObjectStore, before: tuple[str, str] | None, after: tuple[str, str] | None
) -> bool:
    """Whether a file is as it was, as it shall be, absent, or the beginning of what it shall be."""
    if not os.path.lexists(file):
        return True
    if file.is_dir() and not file.is_symlink():
        return True
    found = str(file.readlink()).encode() if file.is_symlink() else file.read_bytes()
    return any(entry is not None and _blob(store, entry[1]).startswith(found) for entry in (before, after))


def _blob(store: ObjectStore, name: str) -> bytes:
    text = git.call("cat-file", "blob", name, env={"GIT_DIR": str(store.git_dir)}).stdout
    return text.encode(errors="surrogateescape")
