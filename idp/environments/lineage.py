"""The history of the branch that is the truth: its first parents, and a file at many commits."""

from collections.abc import Iterable

from idp.environments.source import Environments, refuse_shallow
from idp.git import run as git


def first_parents(environments: Environments, commit: str, most: int | None = None) -> list[str]:
    """A commit and its first-parent ancestors, newest first: what the branch itself has been at.

    Args:
        environments: where.
        commit: usually the branch's tip.
        most: how many at most; None for all.

    Raises:
        UserError: the clone is shallow, so that the rest is missing.
    """
    refuse_shallow(environments)
    limit = [] if most is None else [f"--max-count={most}"]
    return git.output("rev-list", "--first-parent", *limit, commit, "--", env=environments.env).splitlines()


def at_commits(environments: Environments, commits: Iterable[str], path: str) -> dict[str, bytes]:
    """A file as it was at each of some commits: commit → content, where it was there."""
    return git.blobs({commit: f"{commit}:{path}" for commit in commits}, env=environments.env)
