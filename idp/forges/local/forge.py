"""A forge that is nothing but a Git repository: pull requests are documents under `refs/idp/pull`.

Its trust is the file system's: whoever may write the repository may write what is recorded in it.
"""

from dataclasses import replace
from pathlib import Path

from idp.core.errors import AdapterError, UserError
from idp.core.text import safe
from idp.forges.addresses import local_path
from idp.forges.local import pull as local_pull
from idp.forges.local import records
from idp.forges.local import reviews as local_reviews
from idp.forges.local.merge import merged_commit, refuse_checked_out
from idp.forges.pull_request import (
    CheckState,
    OpenPullRequest,
    PullRequest,
    Review,
    is_branch,
    validate_branch,
    validate_sha,
)
from idp.git import run as git


class LocalForge:
    """The Forge of repositories on this machine, best bare ones. It keeps nothing in memory."""

    def open_or_refresh(self, pull_request: PullRequest) -> OpenPullRequest:
        folder, ref = _folder(pull_request.repository), local_pull.reference(pull_request.head)
        for _ in records.attempts(folder):
            record = records.read(folder, ref)
            present = local_pull.opened(folder, ref, record)
            wanted = local_pull.wanted(folder, pull_request, present)
            if present == wanted:
                return wanted
            if records.replace(folder, ref, local_pull.as_document(wanted, "open"), record):
                return replace(wanted, created=present is None, changed=present is not None)
        raise AssertionError  # attempts ends with an error of its own

    def find_open(self, repository: str, head: str) -> OpenPullRequest | None:
        folder, ref = _folder(repository), local_pull.reference(validate_branch(head))
        return local_pull.opened(folder, ref, records.read(folder, ref))

    def list_open(self, repository: str, head_prefix: str = "") -> list[OpenPullRequest]:
        folder = _folder(repository)
        every = records.read_all(folder, local_pull.PREFIX).items()
        present = (local_pull.opened(folder, ref, record) for ref, record in every)
        chosen = (entry for entry in present if entry is not None and entry.head.startswith(head_prefix))
        return sorted(chosen, key=lambda entry: entry.head)

    def close(self, repository: str, head: str, comment: str) -> bool:
        """The comment is kept in the document (`git cat-file -p refs/idp/pull/…`)."""
        folder, ref = _folder(repository), local_pull.reference(validate_branch(head))
        for _ in records.attempts(folder):
            record = records.read(folder, ref)
            present = local_pull.opened(folder, ref, record)
            if present is None:
                return False
            if records.replace(folder, ref, local_pull.as_document(present, "closed", comment), record):
                return True
        raise AssertionError

    def checks(self, repository: str, sha: str) -> dict[str, CheckState]:
        return local_reviews.checks(_folder(repository), validate_sha(sha))

    def record_check(self, repository: str, sha: str, name: str, state: CheckState) -> None:
        """Write down how a check of a commit went; the last word counts."""
        local_reviews.record_check(_folder(repository), validate_sha(sha), name, state)

    def reviews(self, repository: str, head: str) -> list[Review]:
        """Approvals of the commit that is at the branch's tip now; there are no other reviews here."""
        present = self.find_open(repository, head)
        return [] if present is None else local_reviews.approvals(_folder(repository), present.head_sha)

    def authors(self, repository: str, head: str) -> list[str]:
        present = self.find_open(repository, head)
        return [] if present is None else local_pull.authors(_folder(repository), present)

    def reviewer(self, repository: str) -> str:
        """Who an approval would be by now.

        Raises:
            UserError: Git knows no user.
        """
        return local_reviews.reviewer(_folder(repository))

    def approve(self, repository: str, head: str) -> Review:
        """Approve what is at the branch's tip now, as Git's user, by an annotated tag.

        Raises:
            UserError: there is no open pull request of the branch, or Git knows no user.
        """
        return local_reviews.approve(_folder(repository), self._present(repository, head).head_sha)

    def merge(self, repository: str, head: str, expected_sha: str) -> str:
        """Merge an open pull request into its base, after the gates have passed on `expected_sha`.

        The base branch and the document move together, by compare-and-swap. The branch is left to the caller.

        Returns:
            The base branch's new commit; its present one if the merge had been done before.

        Raises:
            UserError: no open pull request, a draft, the head has moved on, or the base is checked out.
            UpdateConflict: the branches contradict each other.
        """
        folder, ref = _folder(repository), local_pull.reference(validate_branch(head))
        for _ in records.attempts(folder):
            record = records.read(folder, ref)
            if done := _merged_before(folder, record, validate_sha(expected_sha)):
                return done
            present = self._present(repository, head)
            _refuse_merge(folder, present, expected_sha)
            (base_sha,) = local_pull.tips(folder, present.base)
            if base_sha is None:
                raise UserError(
                    "branch-missing", f"{folder} has no branch `{present.base}`.", "Push it there."
                )
            commit = merged_commit(folder, base_sha, expected_sha, safe(present.title))
            document = records.store(folder, local_pull.as_document(present, "merged", commit))
            moves = {
                f"refs/heads/{present.base}": (commit, base_sha),
                ref: (document, record.name if record else None),
            }
            if records.swap(folder, moves):
                return commit
        raise AssertionError

    def _present(self, repository: str, head: str) -> OpenPullRequest:
        present = self.find_open(repository, head)
        if present is None:
            raise UserError(
                "pull-request-missing",
                f"{repository} has no open pull request of `{head}`.",
                "Open it first; `idp status` shows the open ones.",
            )
        return present


def _folder(repository: str) -> Path:
    path = local_path(repository)
    if path is None or not git.is_repository(path):
        raise AdapterError(
            "repository-unreadable",
            f"{repository[:200]!a} is not a Git repository on this machine.",
            "Give the path of a repository, best a bare one (`git init --bare`).",
        )
    return path.resolve()


def _refuse_merge(folder: Path, present: OpenPullRequest, expected_sha: str) -> None:
    if present.draft:
        raise UserError(
            "pull-request-draft",
            f"The pull request of `{present.head}` is a draft.",
            "Settle what its text names, then mark it as ready by running the command again.",
        )
    if present.head_sha != expected_sha:
        raise UserError(
            "head-moved",
            f"`{present.head}` is at {present.head_sha[:12]}, not at {expected_sha[:12]} that was checked.",
            "Check the new commit, then merge that.",
        )
    refuse_checked_out(folder, present.base)


def _merged_before(folder: Path, record: records.Record | None, sha: str) -> str:
    """The base's commit if it holds the commit already, else nothing."""
    base = record.content.get("base") if record else None
    (tip,) = local_pull.tips(folder, base) if isinstance(base, str) and is_branch(base) else (None,)
    return tip if tip and local_pull.contains(folder, tip, sha) else ""
