"""The branch of a promotion's pull request, as it stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from idp.environments.source import Environments
from idp.git import run as git

_NAME_LENGTH = 40


@dataclass(frozen=True)
class PromotionBranch:
    """A branch that is there.

    Attributes:
        tip: its commit.
        base: where it left the branch that is the truth; None if they share nothing.
        paths: what differs between the two.
        messages: of the commits that it adds, newest first.
        checked_out: whether a work tree has it checked out.
    """

    tip: str
    base: str | None
    paths: Sequence[str]
    messages: Sequence[str]
    checked_out: bool = False


def find(environments: Environments, branch: str, onto: str) -> PromotionBranch | None:
    """The branch as last fetched, None if there is none.

    Args:
        environments: where.
        branch: without `refs/heads/`.
        onto: the tip of the branch that is the truth.
    """
    env = environments.env
    shown = git.output(
        "for-each-ref", "--format=%(objectname)%(worktreepath)", f"refs/heads/{branch}", env=env
    )
    if not shown:
        return None
    tip, where = shown[:_NAME_LENGTH], shown[_NAME_LENGTH:]
    base = git.call("merge-base", onto, tip, env=env).stdout.strip() or None
    if base is None:
        return PromotionBranch(tip, None, (), (), bool(where))
    paths = git.output("diff", "--name-only", "-z", "--no-renames", base, tip, env=env)
    messages = git.output("log", "-z", "--format=%B", f"{onto}..{tip}", "--", env=env)
    return PromotionBranch(
        tip,
        base,
        tuple(filter(None, paths.split("\0"))),
        tuple(filter(None, messages.split("\0"))),
        bool(where),
    )
