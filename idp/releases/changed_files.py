"""What a range of commits changes below `environments/`, in a checkout such as a pipeline's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from idp.core.errors import AdapterError, UsageError
from idp.environments.source import Environments
from idp.forges.pull_request import is_branch
from idp.git import credentials as git_access
from idp.git import refs as repository_refs
from idp.git import run as git

_TAGS = ("good", "hold", "lifted")
_PLAIN = "100644"


@dataclass(frozen=True)
class ChangedFile:
    """A file that differs.

    Attributes:
        status: `A`, `M`, `D` or `T`, as Git has it; plain: whether it is a file as others are, or gone.
    """

    path: str
    status: str
    plain: bool


@dataclass(frozen=True)
class Range:
    """Commits that are to be merged.

    Attributes:
        environments: the checkout's repository.
        base: the commit that they are to be merged into; head: the newest of them.
        files: what they change since they left the base.
        messages: theirs.
    """

    environments: Environments
    base: str
    head: str
    files: tuple[ChangedFile, ...]
    messages: tuple[str, ...]


def checkout(folder: Path, branch: str) -> Environments:
    """The repository that a folder is checked out from, whatever is checked out.

    Args:
        folder: in the checkout.
        branch: the one that is the truth.

    Raises:
        UsageError: the folder is in no checkout.
    """
    root = git.top_level(folder)
    git_dir = repository_refs.git_dir(root) if root else None
    if root is None or git_dir is None:
        raise UsageError(
            "not-a-checkout", f"{folder} is in no Git work tree.", "Go to a checkout of the platform first."
        )
    return Environments(git.remote_url(root) or str(root), git_dir.resolve(), branch, None, None)


def fetch_tags(folder: Path) -> str:
    """Bring marks and holds up to date from the checkout's origin; why that failed, empty if it did not.

    A pipeline's checkout may have been made before the last hold.
    """
    url = git.remote_url(folder)
    if url is None:
        return ""
    specs = [f"+refs/tags/{name}/*:refs/tags/{name}/*" for name in _TAGS]
    done = git.call(
        "fetch",
        "--quiet",
        "--no-tags",
        "origin",
        *specs,
        cwd=folder,
        env=git_access.variables(url),
        timeout=300,
    )
    return "" if done.exit_code == 0 else (done.stderr.strip() or "no message").splitlines()[-1]


def first_known(environments: Environments, revisions: Sequence[str]) -> str | None:
    """The first of some revisions that is a commit here."""
    return next(
        (one for one in revisions if git.resolve(f"{one}^{{commit}}", env=environments.env) is not None), None
    )


def branch_named(environments: Environments, revision: str | None) -> str | None:
    """The branch that a revision is the name of, None if it is none."""
    if revision is None or not is_branch(revision):
        return None
    return revision if git.resolve(f"refs/heads/{revision}", env=environments.env) else None


def between(environments: Environments, base: str, head: str) -> Range:
    """What is to be merged.

    Args:
        environments: the checkout's.
        base: any revision.
        head: any revision.

    Raises:
        UsageError: one of them is none here.
        AdapterError: they share no history.
    """
    env = environments.env
    tips = [_commit(revision, env) for revision in (base, head)]
    fork = git.call("merge-base", *tips, env=env).stdout.strip()
    if not fork:
        raise AdapterError(
            "history-unrelated",
            f"{base} and {head} share no history here.",
            "Fetch all of it (actions/checkout: fetch-depth: 0).",
        )
    raw = git.output(
        "diff", "--raw", "-z", "--no-renames", "--no-abbrev", fork, tips[1], "--", "environments", env=env
    )
    messages = git.output("log", "-z", "--format=%B", f"{tips[0]}..{tips[1]}", "--", env=env)
    return Range(
        environments, tips[0], tips[1], tuple(_files(raw)), tuple(filter(None, messages.split("\0")))
    )


def _commit(revision: str, env: dict[str, str]) -> str:
    found = git.resolve(f"{revision}^{{commit}}", env=env)
    if found is None:
        raise UsageError(
            "revision-unknown",
            f"There is no commit {revision!a} here.",
            "Fetch it (actions/checkout: fetch-depth: 0), or name another --base and --head.",
        )
    return found


def _files(raw: str) -> Iterator[ChangedFile]:
    """`:mode mode before after status NUL path NUL` for each file."""
    fields = raw.split("\0")
    for meta, path in zip(fields[::2], fields[1::2], strict=False):
        _, mode, _, _, status = meta.split(" ")
        yield ChangedFile(path, status[:1], status == "D" or mode == _PLAIN)
