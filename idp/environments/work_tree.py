"""Keep the work tree that has the branch checked out in step with what is published.

A journal says what is under way before the first file is written; files are written and staged before the branch
moves, so that no later `git commit -a` undoes it. Whoever finds a journal whose writer is gone brings each of its
files to what the branch holds, which is either as it was or as it was to be.
"""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from idp.core.errors import AdapterError, UserError
from idp.environments.source import Environments
from idp.git import run as git

_JOURNAL = "idp-environments.json"


@dataclass(frozen=True)
class Journal:
    """A write that is under way: the commits before and after it, and the files between which they differ."""

    before: str
    after: str
    paths: Sequence[str]


def prepare(environments: Environments, checkout: Path, journal: Journal) -> None:
    """Write and stage the files of the commit that the branch is about to move to.

    Raises:
        UserError: a file has changes that are not committed, or something else lies in its place. Nothing is written.
    """
    _refuse_dirty(environments, checkout, journal)
    file = environments.git_dir / _JOURNAL
    temporary = file.with_suffix(".new")
    temporary.write_text(json.dumps(asdict(journal)), encoding="utf-8")
    temporary.replace(file)
    _bring(checkout, blobs(environments, journal.after, journal.paths), journal.paths)


def done(environments: Environments) -> None:
    """The branch has moved: nothing is under way any more."""
    (environments.git_dir / _JOURNAL).unlink(missing_ok=True)


def is_unsettled(environments: Environments) -> bool:
    return (environments.git_dir / _JOURNAL).exists()


def settle(environments: Environments) -> None:
    """Bring every file of a write that was cut off to what the branch holds; a file edited since stays."""
    journal = _read(environments)
    if journal is None or environments.checkout is None:
        return
    head = git.output("rev-parse", "--verify", "HEAD^{commit}", cwd=environments.checkout)
    wanted, *known = (
        blobs(environments, commit, journal.paths) for commit in (head, journal.before, journal.after)
    )
    ours = []
    for path in journal.paths:
        _temporary(environments.checkout / path).unlink(missing_ok=True)
        if _content(environments.checkout / path) in [one.get(path) for one in known]:
            ours.append(path)
    _bring(environments.checkout, wanted, ours)
    done(environments)


def blobs(environments: Environments, commit: str, paths: Sequence[str]) -> dict[str, bytes]:
    """The files of a commit that are there: path → content. One process, however many paths.

    Args:
        environments: where.
        commit: any revision.
        paths: from the repository's root, without line ends.
    """
    plain = [path for path in paths if "\n" not in path]
    return git.blobs({path: f"{commit}:{path}" for path in plain}, env=environments.env)


def _read(environments: Environments) -> Journal | None:
    try:
        return Journal(**json.loads((environments.git_dir / _JOURNAL).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise AdapterError(
            "journal-unreadable",
            f"{environments.git_dir / _JOURNAL} is not what idp wrote there.",
            "Compare the work tree with `git status`, then delete that file.",
        ) from error


def _refuse_dirty(environments: Environments, checkout: Path, journal: Journal) -> None:
    before = blobs(environments, journal.before, journal.paths)
    status = git.output(
        "status", "--porcelain", "-z", "--untracked-files=no", "--", *journal.paths,
        cwd=checkout, env={"GIT_LITERAL_PATHSPECS": "1"},
    )  # fmt: skip
    changed = [entry[3:] for entry in status.split("\0") if entry]
    in_the_way = [path for path in journal.paths if path not in before and os.path.lexists(checkout / path)]
    behind_link = [path for path in journal.paths if _is_behind_link(checkout, path)]
    for paths, what in (
        (changed, "has changes that are not committed"),
        (in_the_way, "exists, and Git does not know it"),
        (behind_link, "lies behind a symbolic link"),
    ):
        if paths:
            raise UserError(
                "work-tree-dirty",
                f"{checkout / paths[0]} {what}.",
                "Commit it or move it away, then try again; nothing was written.",
            )


def _is_behind_link(checkout: Path, path: str) -> bool:
    parents = list(Path(path).parents)[:-1]
    return any((checkout / parent).is_symlink() for parent in parents)


def _bring(checkout: Path, contents: Mapping[str, bytes], paths: Sequence[str]) -> None:
    for path in paths:
        target = checkout / path
        if path in contents:
            _write(target, contents[path])
        else:
            _remove(target, checkout)
    if paths:
        names = "".join(f"{path}\0" for path in paths)
        git.change_index("update-index", "--add", "--remove", "-z", "--stdin", cwd=checkout, stdin=names)


def _write(target: Path, content: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _temporary(target).write_bytes(content)
        _temporary(target).replace(target)
    except OSError as error:
        raise AdapterError(
            "work-tree-unwritable", f"{target} cannot be written: {error.strerror}.", "Make room for it."
        ) from error


def _remove(target: Path, checkout: Path) -> None:
    target.unlink(missing_ok=True)
    with suppress(OSError):  # a folder that is not empty stays
        for folder in target.parents:
            if folder == checkout:
                break
            folder.rmdir()


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.idp-new")


def _content(target: Path) -> bytes | None:
    return target.read_bytes() if target.is_file() and not target.is_symlink() else None
