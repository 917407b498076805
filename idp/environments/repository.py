"""The environments as Git has them: read at a commit, written by commits that others can only follow.

Commands read the committed state at the branch's tip, never a work tree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from idp.environments import work_tree
from idp.environments.objects import Built, Change, author, build
from idp.environments.push import Moves, attempts, publish
from idp.environments.source import Environments, exclusive, find, own, refresh, refuse_shallow, tip
from idp.environments.tags import Tag, add_tag, tags
from idp.git import run as git
from idp.platform.model import Platform

__all__ = [
    "Change",
    "Environments",
    "Published",
    "Tag",
    "add_tag",
    "attempts",
    "commit",
    "export",
    "listing",
    "locate",
    "own",
    "put_branch",
    "read",
    "refresh",
    "refuse_shallow",
    "tags",
    "tip",
    "user",
]

Decide = Callable[[str], Sequence[Change]]
"""From the tip to the commits that are to follow it; none: nothing to do. Asked again after each lost race."""


@dataclass(frozen=True)
class Published:
    """What a write came to: the branch's tip, and the commits that it added, oldest first."""

    tip: str
    commits: tuple[str, ...]


def locate(platform: Platform) -> Environments:
    """Where a platform's environments are, fetched where they are remote; a write that was cut off is settled.

    Raises:
        UserError: the repository has no branch checked out.
        AdapterError: it cannot be read.
    """
    environments = find(platform)
    if environments.checkout is not None and work_tree.is_unsettled(environments):
        with exclusive(environments):
            work_tree.settle(environments)
    return environments


def read(environments: Environments, commit: str, paths: Sequence[str | PurePosixPath]) -> dict[str, bytes]:
    """The files of a commit that are there: path from the repository's root → content."""
    return work_tree.blobs(environments, commit, list(map(str, paths)))


def listing(environments: Environments, commit: str, folder: str | PurePosixPath) -> list[str]:
    """Every file below a folder: paths from the repository's root, sorted; none where there is no such folder."""
    listed = git.output(
        "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", f"{folder}/", env=environments.env
    )
    return list(filter(None, listed.split("\0")))


def commit(environments: Environments, decide: Decide) -> Published:
    """Add commits to the branch: all of them at once or none, whatever happens meanwhile and to whom.

    Args:
        environments: where.
        decide: see `Decide`.

    Raises:
        UserError: a file of the work tree that would change has changes of its own. Nothing is written.
        AdapterError: the repository refuses, or kept moving.
    """
    with exclusive(environments):
        work_tree.settle(environments)
        for attempt in attempts(environments):
            if attempt:
                refresh(environments)
            before = tip(environments)
            changes = tuple(decide(before))
            if not changes:
                return Published(before, ())
            built = build(environments, before, changes)
            if _published(environments, before, built, changes):
                return Published(built.commits[-1], built.commits)
    raise AssertionError  # attempts ends with an error of its own


def _published(environments: Environments, before: str, built: Built, changes: Sequence[Change]) -> bool:
    after = built.commits[-1]
    moves: dict[str, tuple[str | None, str | None]] = {environments.ref: (before, after)}
    moves |= {f"refs/tags/{name}": (None, made) for name, made in built.tags.items()}
    for change in changes:
        moves |= change.moves
    reason = "idp: " + changes[-1].message.partition("\n")[0]
    if environments.checkout is None:
        return publish(environments, moves, reason)
    paths = sorted({str(path) for change in changes for path in change.files})
    return _published_in_step(environments, moves, reason, work_tree.Journal(before, after, paths))


def _published_in_step(
    environments: Environments, moves: Moves, reason: str, journal: work_tree.Journal
) -> bool:
    if environments.checkout is None:
        raise AssertionError
    try:
        work_tree.prepare(environments, environments.checkout, journal)
        published = publish(environments, moves, reason)
    except BaseException:
        work_tree.settle(environments)
        raise
    if published:
        work_tree.done(environments)
    else:
        work_tree.settle(environments)
    return published


def user(environments: Environments) -> str:
    """`Name <e-mail>` of whoever runs this, as their commits would say."""
    return author(environments).rsplit(" ", 2)[0]


def put_branch(
    environments: Environments, branch: str, present: str | None, base: str, changes: Sequence[Change]
) -> str | None:
    """Have a branch hold these commits on top of a base; what it held before is replaced.

    Args:
        environments: where.
        branch: without `refs/heads/`; not the one that is the truth.
        present: the branch's commit as last seen, None if it did not exist.
        base: the commit to build on.
        changes: at least one.

    Returns:
        The branch's new commit; None if the branch is not at `present` any more.
    """
    built = build(environments, base, changes)
    moves = {f"refs/heads/{branch}": (present, built.commits[-1])}
    return built.commits[-1] if publish(environments, moves, f"idp: {branch}") else None


def export(environments: Environments, commit: str, folder: Path) -> None:
    """Write a commit's `environments/` below a folder, byte for byte; a symbolic link becomes a plain file.

    Args:
        environments: where.
        commit: any revision.
        folder: exists; gets an `environments` folder.
    """
    listed = git.output("ls-tree", "-r", "-z", "--full-tree", commit, "environments", env=environments.env)
    entries = (line.partition("\t") for line in listed.split("\0") if line)
    wanted = {path: meta.split()[2] for meta, _, path in entries if ".." not in PurePosixPath(path).parts}
    for path, content in git.blobs(wanted, env=environments.env).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
