"""What every forge can do. Pushing is Git's part: a branch lies in the repository before it is named here."""

from collections.abc import Sequence
from typing import Protocol

from idp.forges.pull_request import CheckState, OpenPullRequest, PullRequest, Review


class Forge(Protocol):
    """Where pull requests live. Safe to call from several threads and several processes at once.

    Every function raises an AdapterError if the forge cannot be reached or refuses, and a UserError if what
    was asked for makes no sense there.
    """

    def open_or_refresh(self, pull_request: PullRequest) -> OpenPullRequest:
        """Have exactly one open pull request of the head branch, with this title, body, base and state.

        Opens it if there is none, changes what differs if there is one; does nothing the second time.
        """
        ...

    def find_open(self, repository: str, head: str) -> OpenPullRequest | None:
        """The open pull request of a branch."""
        ...

    def list_open(self, repository: str, head_prefix: str = "") -> Sequence[OpenPullRequest]:
        """The open pull requests whose branches lie in the repository and start so, sorted by branch."""
        ...

    def close(self, repository: str, head: str, comment: str) -> bool:
        """Close the open pull request of a branch, unmerged, and say why. False: there was none."""
        ...

    def checks(self, repository: str, sha: str) -> dict[str, CheckState]:
        """How each check of a commit stands, by name."""
        ...

    def reviews(self, repository: str, head: str) -> Sequence[Review]:
        """The last word of each reviewer who may decide, on the open pull request of a branch."""
        ...

    def authors(self, repository: str, head: str) -> Sequence[str]:
        """Everyone who wrote the open pull request of a branch, by each name they are known by.

        Logins and e-mail addresses of who opened it and of who made its commits; none if it is not open.
        """
        ...
