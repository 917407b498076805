"""What a repository without a server records of a commit: check results and approvals."""

from pathlib import Path

from idp.core.errors import UserError
from idp.forges.local import records
from idp.forges.pull_request import CheckState, Review, worst
from idp.git import run as git

_CHECK, _APPROVAL = "check", "approval"


def checks(folder: Path, sha: str) -> dict[str, CheckState]:
    """Every recorded check of a commit; one whose state is none of ours has not passed."""
    known = {str(state): state for state in CheckState}
    documents = records.read_all(folder, records.reference(_CHECK, sha)).values()
    return worst(
        (str(each.content.get("name")), known.get(str(each.content.get("state")), CheckState.FAILED))
        for each in documents
    )


def record_check(folder: Path, sha: str, name: str, state: CheckState) -> None:
    ref = records.reference(_CHECK, sha, name)
    for _ in records.attempts(folder):
        if records.replace(folder, ref, {"name": name, "state": str(state)}, records.read(folder, ref)):
            return


def approvals(folder: Path, sha: str) -> list[Review]:
    """The approvals of a commit, sorted by author; a tag of another commit is none."""
    listed = git.output(
        "for-each-ref",
        "--format=%(objecttype) %(*objectname) %(taggeremail:trim)",
        f"{records.reference(_APPROVAL, sha)}/",
        cwd=folder,
    )
    tags = (line.split(" ", 2) for line in listed.splitlines())
    return sorted(
        (
            Review(author, approved=True, sha=sha)
            for kind, name, author in tags
            if kind == "tag" and name == sha
        ),
        key=lambda review: review.author,
    )


def reviewer(folder: Path) -> str:
    """The e-mail address of Git's user.

    Raises:
        UserError: Git knows no user.
    """
    return _tagger(folder).rpartition("<")[2].partition(">")[0]


def _tagger(folder: Path) -> str:
    if git.identity(folder):
        raise UserError(
            "identity-missing",
            "Git does not know who you are, so an approval would be nobody's.",
            "Run `git config --global user.name …` and `… user.email …`.",
        )
    return git.output("var", "GIT_COMMITTER_IDENT", cwd=folder)


def approve(folder: Path, sha: str) -> Review:
    """Record that Git's user approves a commit; once is enough.

    Raises:
        UserError: Git knows no user.
    """
    tagger, author = _tagger(folder), reviewer(folder)
    text = f"object {sha}\ntype commit\ntag idp-approval\ntagger {tagger}\n\nApproved.\n"
    tag = git.output("mktag", cwd=folder, stdin=text)
    ref = records.reference(_APPROVAL, sha, author)
    for _ in records.attempts(folder):
        present = records.resolve(folder, ref)
        if present is not None or records.swap(folder, {ref: (tag, None)}):
            break
    return Review(author, approved=True, sha=sha)
