"""A pull request as a document in a Git repository, and what it means as the branches stand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from idp.core.errors import UserError
from idp.forges.local import records
from idp.forges.pull_request import OpenPullRequest, PullRequest, is_branch
from idp.git import run as git

State = Literal["open", "closed", "merged"]
_KIND = "pull"
PREFIX = f"refs/idp/{_KIND}"
_FIELDS: dict[str, type] = {
    "head": str,
    "base": str,
    "title": str,
    "body": str,
    "draft": bool,
    "labels": list,
}


def reference(head: str) -> str:
    """Where the one pull request of a branch is kept, open or not."""
    return records.reference(_KIND, head)


def as_document(pull_request: OpenPullRequest, state: State, comment: str = "") -> dict[str, Any]:
    fields: dict[str, Any] = {name: getattr(pull_request, name) for name in _FIELDS}
    return {"schema_version": 1, "state": state, **fields, "comment": comment}


def opened(folder: Path, ref: str, record: records.Record | None) -> OpenPullRequest | None:
    """The pull request that a document records, None unless it is open.

    It is open while its branch exists and holds commits that the base does not: merged by hand counts as
    merged, and a merge that was cut short after the base had moved counts as done.

    Raises:
        AdapterError: the document is not one of a pull request.
    """
    if record is None or record.content.get("state") != "open":
        return None
    content = record.content
    typed = all(isinstance(content.get(name), kind) for name, kind in _FIELDS.items())
    if not typed or not is_branch(content["base"]) or reference(content["head"]) != ref:
        raise records.unreadable(folder, ref)
    head_sha, base_sha = tips(folder, content["head"], content["base"])
    if head_sha is None or (base_sha is not None and contains(folder, base_sha, head_sha)):
        return None
    return _shown(folder, content, head_sha)


def _shown(folder: Path, content: Mapping[str, Any], head_sha: str) -> OpenPullRequest:
    return OpenPullRequest(
        number=None,
        url=_url(folder, content["head"]),
        head=content["head"],
        head_sha=head_sha,
        base=content["base"],
        title=content["title"],
        body=content["body"],
        draft=content["draft"],
        labels=tuple(map(str, content["labels"])),
    )


def wanted(folder: Path, asked: PullRequest, present: OpenPullRequest | None) -> OpenPullRequest:
    """What is asked for, with the labels that are there already.

    Raises:
        UserError: a branch is missing, or the head has nothing that the base does not have.
    """
    head_sha, base_sha = tips(folder, asked.head, asked.base)
    for branch, sha in ((asked.head, head_sha), (asked.base, base_sha)):
        if sha is None:
            raise UserError(
                "branch-missing", f"{folder} has no branch `{branch}`.", "Push it there, then try again."
            )
    if head_sha is None or base_sha is None or contains(folder, base_sha, head_sha):
        raise UserError(
            "pull-request-empty",
            f"`{asked.head}` has no commit that `{asked.base}` does not have.",
            "There is nothing to merge; push the commits first.",
        )
    return OpenPullRequest(
        number=None,
        url=_url(folder, asked.head),
        head=asked.head,
        head_sha=head_sha,
        base=asked.base,
        title=asked.title,
        body=asked.body,
        draft=asked.draft,
        labels=tuple(sorted({*asked.labels, *(present.labels if present else ())})),
    )


def tips(folder: Path, *branches: str) -> list[str | None]:
    """The commits of branches, None for one that does not exist."""
    refs = [f"refs/heads/{branch}" for branch in branches]
    listed = git.output("for-each-ref", "--format=%(objectname) %(refname)", *refs, cwd=folder).splitlines()
    known = {ref: name for name, _, ref in (line.partition(" ") for line in listed)}
    return [known.get(ref) for ref in refs]


def contains(folder: Path, commit: str, other: str) -> bool:
    """Whether a commit's history holds another one."""
    return git.call("merge-base", "--is-ancestor", other, commit, cwd=folder).exit_code == 0


def authors(folder: Path, present: OpenPullRequest) -> list[str]:
    """E-mail addresses of who made the commits that the base does not have, and of who committed them."""
    base = f"refs/heads/{present.base}"
    listed = git.output("log", "--format=%ae%n%ce", f"{base}..{present.head_sha}", "--", cwd=folder)
    return sorted(set(filter(None, listed.splitlines())))


def settled(folder: Path, head: str, state: State, comment: str) -> dict[str, tuple[str | None, str | None]]:
    """How the documents of a branch move when its pull request, if one is open, is merged or closed.

    Args:
        folder: the repository, or a mirror of it.
        head: the branch.
        state: what becomes of it.
        comment: why, or by what.

    Returns:
        Full reference name → (old object, new object); none if no pull request is open.
    """
    ref = reference(head)
    record = records.read(folder, ref)
    present = opened(folder, ref, record)
    if present is None or record is None:
        return {}
    return {ref: (record.name, records.store(folder, as_document(present, state, comment)))}


def _url(folder: Path, head: str) -> str:
    return f"{folder.as_uri()}#{quote(head)}"
