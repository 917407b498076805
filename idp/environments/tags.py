"""Tags as facts: each is written once, annotated, and never moved or deleted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from idp.environments.objects import build_tag
from idp.environments.push import attempts, publish
from idp.environments.source import Environments, exclusive, refuse_shallow
from idp.git import run as git

_FORMAT = (
    "%(refname:strip=2)%00%(objecttype)%00%(*objecttype)%00%(objectname)%00%(*objectname)%00"
    "%(taggername)%00%(taggeremail:trim)%00%(taggerdate:unix)%00%(creatordate:unix)%00%(contents)"
)
_END = "\x00\x01\x00"


@dataclass(frozen=True)
class Tag:
    """A tag of a commit. One that somebody made by hand may be lightweight: a name on a commit, no more.

    Attributes:
        name: without `refs/tags/`.
        message: empty for a lightweight one.
        by: who made it: `Name <e-mail>`; empty for a lightweight one.
        at: when, in UTC, as the tagger's machine had it; None for a lightweight one.
        created: the same, for a lightweight one the commit's time: it was not made earlier.
    """

    name: str
    commit: str
    message: str
    by: str
    at: datetime | None
    created: datetime


def tags(environments: Environments, *prefixes: str) -> list[Tag]:
    """The tags of commits below prefixes, sorted by name; a tag of anything else is nobody's word.

    Args:
        environments: where.
        prefixes: each whole parts of a name, such as `good/prod/payments`; none: every tag.

    Raises:
        UserError: the clone is shallow, so that some may be missing.
    """
    refuse_shallow(environments)
    patterns = [f"refs/tags/{prefix.strip('/')}/" for prefix in prefixes] or ["refs/tags/"]
    listed = git.output("for-each-ref", f"--format={_FORMAT}%00%01%00", *patterns, env=environments.env)
    return list(_parsed(listed))


def _parsed(listed: str) -> Iterator[Tag]:
    for entry in listed.split(_END):
        fields = entry.removeprefix("\n").split("\0", 9)
        if len(fields) != 10:  # noqa: PLR2004 - as many as _FORMAT has
            continue
        name, kind, target, own, commit, person, email, tagged, created, message = fields
        if kind == "commit":
            yield Tag(name, own, "", "", None, _moment(created))
        elif kind == "tag" and target == "commit" and tagged.isdigit():
            at = _moment(tagged)
            yield Tag(name, commit, message.strip("\n"), f"{person} <{email}>", at, at)


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds) if seconds.isdigit() else 0, UTC)


def add_tag(environments: Environments, name: str, commit: str, message: str) -> bool:
    """Put an annotated tag on a commit, unless there is one of that name.

    Not from within a decision of `commit`, which keeps every other writer of this machine out.

    Returns:
        Whether this call made it.

    Raises:
        AdapterError: the repository refuses.
    """
    ref = f"refs/tags/{name}"
    with exclusive(environments):
        for _ in attempts(environments):
            if git.resolve(ref, env=environments.env) is not None:
                return False
            made = build_tag(environments, name, commit, message)
            if publish(environments, {ref: (None, made)}, f"idp: {name}"):
                return True
    raise AssertionError  # attempts ends with an error of its own
