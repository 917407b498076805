"""Pull requests on github.com, ghe.com or a GitHub Enterprise Server.

GitHub lets a branch have one open pull request per base, so opening twice is refused there: whoever comes
second finds and refreshes the first one's. Requests go out one after the other, as GitHub asks, whatever the
threads.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus

from github import GithubException
from github.Commit import Commit
from github.CommitStatus import CommitStatus
from github.PaginatedList import PaginatedList
from github.PullRequest import PullRequest as Remote
from github.Repository import Repository

from idp.core.errors import AdapterError
from idp.forges.addresses import HostedRepository, hosted
from idp.forges.github.checks import authors, check_state, last_words, status_state
from idp.forges.github.client import Clients
from idp.forges.github.errors import explained, said
from idp.forges.github.settings import GitHubSettings
from idp.forges.github.text import DRAFT_PREFIX, body_for, title_for
from idp.forges.pull_request import CheckState, OpenPullRequest, PullRequest, Review, validate_sha, worst

_APPEARS_WITHIN = (0.0, 1.0, 2.0, 4.0)
"""Seconds: a pull request that was opened a moment ago is not always listed yet."""


@dataclass(frozen=True)
class _Found:
    """An open pull request, with what only GitHub's answers hold."""

    remote: Remote
    shown: OpenPullRequest


class GitHubForge:
    """The Forge of one GitHub server."""

    def __init__(self, settings: GitHubSettings) -> None:
        self._settings = settings
        self._clients = Clients(settings)
        self._lock = threading.RLock()

    def open_or_refresh(self, pull_request: PullRequest) -> OpenPullRequest:
        with self._asking(pull_request.repository) as (address, repository):
            for pause in _APPEARS_WITHIN:
                time.sleep(pause)
                found = _find(address, repository, pull_request.head, pull_request.base)
                if found is not None:
                    return _refresh(repository, found, pull_request)
                opened = _open(repository, pull_request)
                if opened is not None:
                    return opened
        raise AdapterError(
            "github-pull-request-hidden",
            f"{address} has an open pull request of `{pull_request.head}` but does not list it.",
            "Run it again in a minute.",
        )

    def find_open(self, repository: str, head: str) -> OpenPullRequest | None:
        with self._asking(repository) as (address, remote):
            found = _find(address, remote, head)
            return found.shown if found else None

    def list_open(self, repository: str, head_prefix: str = "") -> list[OpenPullRequest]:
        with self._asking(repository) as (_, remote):
            return sorted(
                (
                    _shown(entry)
                    for entry in remote.get_pulls(state="open")
                    if entry.head.ref.startswith(head_prefix) and _is_own(entry)
                ),
                key=lambda entry: (entry.head, entry.number or 0),
            )

    def close(self, repository: str, head: str, comment: str) -> bool:
        with self._asking(repository) as (address, remote):
            found = _find(address, remote, head)
            if found is None:
                return False
            number = found.remote.number
            if comment.strip():
                remote.get_issue(number).create_comment(body_for(comment))
            remote.get_pull(number).edit(state="closed")
            return True

    def checks(self, repository: str, sha: str) -> dict[str, CheckState]:
        """Check runs and commit statuses together; the newest status of each context counts."""
        with self._asking(repository) as (_, remote):
            commit = remote.get_commit(validate_sha(sha))
            runs = [(run.name, check_state(run.status, run.conclusion)) for run in commit.get_check_runs()]
            statuses: dict[str, CheckState] = {}
            for status in _statuses(commit):  # newest first
                statuses.setdefault(status.context, status_state(status.state))
            return worst([*runs, *statuses.items()])

    def reviews(self, repository: str, head: str) -> list[Review]:
        """Only reviews by owners, members and collaborators count: anyone may review a public repository."""
        with self._asking(repository) as (address, remote):
            found = _find(address, remote, head)
            if found is None:
                return []
            return last_words(remote.get_pull(found.remote.number).get_reviews())

    def authors(self, repository: str, head: str) -> list[str]:
        with self._asking(repository) as (address, remote):
            found = _find(address, remote, head)
            if found is None:
                return []
            return authors(found.remote.user, remote.get_pull(found.remote.number).get_commits())

    @contextmanager
    def _asking(self, repository: str) -> Iterator[tuple[HostedRepository, Repository]]:
        address = hosted(repository)
        self._settings.refuse_other_host(address)
        with self._lock, explained(address, self._settings.secrets):
            yield address, self._clients.of(address).get_repo(address.slug)


def _find(address: HostedRepository, repository: Repository, head: str, base: str = "") -> _Found | None:
    """The open pull request of a branch: the one for this base, else the oldest."""
    listed = repository.get_pulls(state="open", head=f"{address.owner}:{head}")
    # An owner's fork may have a branch of this name, and GitHub ignores a filter that it cannot parse.
    own = [entry for entry in listed if entry.head.ref == head and _is_own(entry)]
    best = min(own, key=lambda entry: (entry.base.ref != base, entry.number), default=None)
    return _Found(best, _shown(best)) if best else None


def _is_own(remote: Remote) -> bool:
    """Whether the branch lies in the repository itself; a fork may be deleted, the base cannot."""
    source = remote.head.repo
    return source is not None and source.id == remote.base.repo.id


def _shown(remote: Remote) -> OpenPullRequest:
    return OpenPullRequest(
        number=remote.number,
        url=remote.html_url,
        head=remote.head.ref,
        head_sha=remote.head.sha,
        base=remote.base.ref,
        title=remote.title,
        body=body_for(remote.body or ""),
        draft=bool(remote.draft),
        labels=tuple(sorted(label.name for label in remote.labels)),
    )


def _open(repository: Repository, wanted: PullRequest) -> OpenPullRequest | None:
    """Open it; None if GitHub says that there is one."""
    try:
        remote = _create(repository, wanted)
    except GithubException as error:
        if error.status == HTTPStatus.UNPROCESSABLE_ENTITY and "already exists" in said(error).lower():
            return None
        raise
    labels = _add_labels(repository, remote.number, wanted, ())
    return replace(_shown(remote), labels=labels, created=True)


def _create(repository: Repository, wanted: PullRequest) -> Remote:
    title, body = title_for(wanted.title), body_for(wanted.body)
    try:
        return repository.create_pull(wanted.base, wanted.head, title=title, body=body, draft=wanted.draft)
    except GithubException as error:
        if not (wanted.draft and _has_no_drafts(error)):
            raise
        title = title_for(wanted.title, DRAFT_PREFIX)
        return repository.create_pull(wanted.base, wanted.head, title=title, body=body, draft=False)


def _has_no_drafts(error: GithubException) -> bool:
    """Private repositories of free plans have none."""
    words = said(error).lower()
    return "draft" in words and "not supported" in words


def _refresh(repository: Repository, found: _Found, wanted: PullRequest) -> OpenPullRequest:
    present = found.shown
    # A conversion to draft comes before all else, the way back after all else: never ready with an old text.
    drafted = wanted.draft and (present.draft or _convert_to_draft(found.remote))
    prefix = DRAFT_PREFIX if wanted.draft and not drafted else ""
    target = replace(
        present,
        title=title_for(wanted.title, prefix),
        body=body_for(wanted.body),
        base=wanted.base,
        draft=drafted,
    )
    edits = {
        name: getattr(target, name)
        for name in ("title", "body", "base")
        if getattr(target, name) != getattr(present, name)
    }
    if edits:
        repository.get_pull(found.remote.number).edit(**edits)
    target = replace(target, labels=_add_labels(repository, found.remote.number, wanted, present.labels))
    if present.draft and not wanted.draft:
        found.remote.mark_ready_for_review()
    return replace(target, changed=target != present)


def _convert_to_draft(remote: Remote) -> bool:
    """False where the repository has no drafts; its title says so already the second time."""
    if remote.title.startswith(DRAFT_PREFIX):
        return False
    try:
        remote.convert_to_draft()
    except GithubException as error:
        if not _has_no_drafts(error):
            raise
        return False
    return True


def _add_labels(
    repository: Repository, number: int, wanted: PullRequest, present: tuple[str, ...]
) -> tuple[str, ...]:
    """Label names are the same whatever their case, to GitHub."""
    known = {name.lower() for name in present}
    missing = [name for name in wanted.labels if name.lower() not in known]
    if missing:
        issue = repository.get_issue(number)
        # PyGithub's own function sends a bare list, which GitHub's description no longer has.
        issue.requester.requestJsonAndCheck("POST", f"{issue.url}/labels", input={"labels": missing})
    return tuple(sorted({*present, *missing}))


def _statuses(commit: Commit) -> PaginatedList[CommitStatus]:
    """PyGithub's own function reads the whole commit first, and an address that GitHub does not document."""
    return PaginatedList(CommitStatus, commit.requester, f"{commit.url}/statuses", None)
