"""GitHub's words for checks and reviews in the domain's."""

from collections.abc import Iterable

from github.Commit import Commit
from github.NamedUser import NamedUser
from github.PullRequestReview import PullRequestReview

from idp.forges.pull_request import CheckState, Review

_PASSED = frozenset({"success", "neutral", "skipped"})
_MAY_DECIDE = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_DECISIVE = {"APPROVED": True, "CHANGES_REQUESTED": False}


def check_state(status: str, conclusion: str | None) -> CheckState:
    """A check run's; what is cancelled, timed out, stale or unknown has not passed."""
    if status != "completed":
        return CheckState.PENDING
    return CheckState.PASSED if conclusion in _PASSED else CheckState.FAILED


def status_state(state: str) -> CheckState:
    """A commit status's."""
    known = {"success": CheckState.PASSED, "pending": CheckState.PENDING}
    return known.get(state, CheckState.FAILED)


def last_words(reviews: Iterable[PullRequestReview]) -> list[Review]:
    """Each author's last decisive review, oldest first; comments decide nothing, dismissed ones are gone."""
    latest: dict[str, Review] = {}
    for review in reviews:
        author = review.user.login if review.user else None  # None: the account was deleted
        if author is None or review.author_association not in _MAY_DECIDE:
            continue
        if review.state in _DECISIVE:
            latest.pop(author, None)
            latest[author] = Review(author, _DECISIVE[review.state], review.commit_id or "")
        elif review.state == "DISMISSED":
            latest.pop(author, None)
    return list(latest.values())


def authors(opened_by: NamedUser | None, commits: Iterable[Commit]) -> list[str]:
    """Logins and e-mail addresses of who opened a pull request and of who made its commits, sorted."""
    names = {opened_by.login if opened_by else None}
    for entry in commits:
        names |= {user.login for user in (entry.author, entry.committer) if user}
        names |= {person.email for person in (entry.commit.author, entry.commit.committer) if person}
    return sorted(name for name in names if name)
