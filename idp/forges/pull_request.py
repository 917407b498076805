"""A pull request as it is asked for and as it stands, and what a gate reads from it; on any forge."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from idp.core.errors import UserError

BRANCH_MAX_BYTES = 240
"""Git keeps a branch as a file, a file's name has 255 bytes at most, and `.lock` is added to it."""
_NOT_IN_A_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]|\.\.|@\{|//|/\.|\.lock(/|$)")

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def is_branch(name: str) -> bool:
    """Whether Git takes a name for a new branch (the rules of `git check-ref-format --branch`)."""
    return not (
        name in ("", "@", "HEAD")
        or name.startswith(("-", "/", "."))
        or name.endswith(("/", "."))
        or _NOT_IN_A_BRANCH.search(name) is not None
        or len(name.encode()) > BRANCH_MAX_BYTES
    )


def validate_branch(name: str) -> str:
    """The name itself if Git takes it for a new branch.

    Raises:
        UserError: it is anything else, a revision or an option for example.
    """
    if not is_branch(name):
        raise UserError(
            "branch-invalid",
            f"{name[:80]!a} is not a branch name.",
            "Name a branch without its `refs/heads/`, such as idp/update.",
        )
    return name


def validate_sha(sha: str) -> str:
    """The name itself if it is a commit's in full: 40 or 64 lower-case hex digits.

    Raises:
        UserError: it is anything else.
    """
    if _SHA.fullmatch(sha) is None:
        raise UserError(
            "commit-invalid",
            f"{sha[:80]!a} is not a commit's full name.",
            "Use what `git rev-parse` prints.",
        )
    return sha


@dataclass(frozen=True)
class PullRequest:
    """What is asked for: that these commits be looked at and merged.

    Attributes:
        repository: its URL, or a path to it.
        head: the branch that holds the commits, already pushed; there is one open pull request for it.
        base: the branch they are meant for.
        title: one line; body: Markdown.
        draft: whether it must not be merged as it is.
        labels: labels that it has to bear; those that it bears besides are left alone.
    """

    repository: str
    head: str
    base: str
    title: str
    body: str = ""
    draft: bool = False
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        validate_branch(self.head)
        validate_branch(self.base)
        if self.head == self.base:
            raise UserError(
                "branch-same", f"`{self.head}` cannot be merged into itself.", "Push to another branch first."
            )
        if not self.title.strip():
            raise UserError("title-empty", "A pull request needs a title.", "Say in one line what it does.")


@dataclass(frozen=True)
class OpenPullRequest:
    """A pull request that is open.

    Attributes:
        number: the forge's number, None on a forge that gives none.
        url: where a person finds it.
        head_sha: the commit at the tip of `head`, 40 (or 64) hex digits.
        created: this call opened it.
        changed: this call changed one that was open.
    """

    number: int | None
    url: str
    head: str
    head_sha: str
    base: str
    title: str
    body: str
    draft: bool
    labels: tuple[str, ...] = ()
    created: bool = False
    changed: bool = False


class CheckState(StrEnum):
    """How a named check of a commit stands."""

    PASSED = "passed"
    PENDING = "pending"
    FAILED = "failed"


_BY_SEVERITY = list(CheckState)


@dataclass(frozen=True)
class Review:
    """A person's last word on a pull request.

    Attributes:
        author: login, or e-mail address where the forge has no logins.
        approved: else changes were asked for.
        sha: the commit that was looked at; an approval of another commit than `head_sha` is out of date.
    """

    author: str
    approved: bool
    sha: str


def worst(results: Iterable[tuple[str, CheckState]]) -> dict[str, CheckState]:
    """One state a name: where several checks share a name, failed outweighs pending outweighs passed."""
    states: dict[str, CheckState] = {}
    for name, state in results:
        states[name] = max(states.get(name, state), state, key=_BY_SEVERITY.index)
    return states
