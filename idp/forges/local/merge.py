"""Merges two commits in a repository that has no work tree."""

from pathlib import Path

from idp.core.errors import AdapterError, UpdateConflict, UserError
from idp.core.text import safe
from idp.forges.local.pull import contains
from idp.git import run as git

_CLEAN, _CONFLICT = 0, 1


def merged_commit(folder: Path, base: str, head: str, message: str) -> str:
    """The commit that has both: the head itself if the base lies behind it, else a new merge commit.

    Raises:
        UpdateConflict: both changed the same lines; the files are named.
        AdapterError: Git cannot merge them, because they share no history for example.
    """
    if contains(folder, head, base):
        return head
    done = git.call(
        "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", base, head, cwd=folder
    )
    tree, *files = done.stdout.split("\0")
    if done.exit_code == _CONFLICT:
        names = sorted({safe(file) for file in files if file})
        raise UpdateConflict(
            "merge-conflict",
            f"The branches contradict each other in {', '.join(names[:20]) or 'some files'}.",
            "Merge the base branch into the head branch, settle the conflicts, push, and try again.",
        )
    if done.exit_code != _CLEAN:
        raise AdapterError(
            "git-failed",
            f"Git cannot merge {head[:12]} into {base[:12]}: {safe(done.stderr.strip()[:300])}",
            "Git 2.38 or newer is needed, and two branches with a common ancestor.",
        )
    return git.output(
        "commit-tree", tree, "-p", base, "-p", head, cwd=folder, stdin=message, env=git.identity(folder)
    )


def refuse_checked_out(folder: Path, branch: str) -> None:
    """Raise a UserError if a work tree has the branch checked out: its files would lag behind silently."""
    bare = git.output("rev-parse", "--is-bare-repository", cwd=folder) == "true"
    where = git.output("for-each-ref", "--format=%(worktreepath)", f"refs/heads/{branch}", cwd=folder)
    if where and not (bare and Path(where) == folder):
        raise UserError(
            "branch-checked-out",
            f"`{branch}` is checked out in {where}.",
            "Merge it there with Git, or use a bare repository (`git clone --bare`).",
        )
