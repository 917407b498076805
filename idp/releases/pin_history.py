"""The commits that moved release pins, as Git has them, whoever made them and however they came in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from idp.core.errors import UserError
from idp.environments.pin import Pin, parse_pin
from idp.environments.source import Environments, refuse_shallow
from idp.git import run as git
from idp.releases.history_model import PinChange, PinCommit

_PIN = re.compile(r"environments/([a-z0-9-]+)/([a-z0-9-]+)/release\.env")
_HEAD = "%x01%H%x00%P%x00%ct%x00%an <%ae>%x00%B%x02%x00"
_ENTRY = re.compile(r"\x01(?=[0-9a-f]{40}\x00)")
"""Where a commit begins. No message looks like that: Git allows no NUL in one, and \x02 follows it."""
_ABSENT = "0" * 40


@dataclass(frozen=True)
class _Touched:
    """One line of `git log --raw`: a file's object before and after."""

    environment: str
    service: str
    before: str
    after: str


def pin_commits(environments: Environments, commit: str, service: str | None = None) -> list[PinCommit]:
    """The first-parent ancestors of a commit that changed a release.env, oldest first.

    A merge is one move, seen from the branch that it was merged into, whatever was on the other side.

    Args:
        environments: where.
        commit: usually the branch's tip.
        service: only its pins.

    Raises:
        UserError: the clone is shallow, so that the rest is missing.
    """
    refuse_shallow(environments)
    wanted = f":(glob)environments/*/{service or '*'}/release.env"
    env = {**environments.env, "GIT_LITERAL_PATHSPECS": "0"}
    log = ("log", "--first-parent", "--diff-merges=first-parent", "--reverse", "--topo-order")
    raw = ("--raw", "--no-abbrev", "--no-renames", "-z", f"--format={_HEAD}")
    listed = git.output(*log, *raw, commit, "--", wanted, env=env)
    entries = [_entry(text) for text in _ENTRY.split(listed) if text]
    names = sorted({name for _, touched in entries for one in touched for name in (one.before, one.after)})
    contents = git.blobs({name: name for name in names if name != _ABSENT}, env=environments.env)
    pins = {name: _pin(content) for name, content in contents.items()}
    return [
        PinCommit(
            head[0],
            datetime.fromtimestamp(int(head[2]), UTC),
            head[3],
            head[4].removesuffix("\x02"),
            tuple(
                PinChange(one.environment, one.service, pins.get(one.before), pins.get(one.after))
                for one in touched
            ),
            _brought(environments, head[1].split()),
        )
        for head, touched in entries
    ]


def _brought(environments: Environments, parents: Sequence[str]) -> tuple[str, ...]:
    """The messages of the commits that a merge brought, newest first; none for any other commit."""
    if len(parents) < 2:  # noqa: PLR2004
        return ()
    first, *others = parents
    listed = git.output("log", "-z", "--format=%B", *others, f"^{first}", "--", env=environments.env)
    return tuple(filter(None, listed.split("\0")))


def _entry(text: str) -> tuple[list[str], Sequence[_Touched]]:
    *head, rest = text.split("\0", 5)
    return head, tuple(_touched(rest))


def _touched(raw: str) -> Iterator[_Touched]:
    """`:mode mode before after status NUL path NUL` for each file."""
    fields = raw.strip("\0\n").split("\0")
    for meta, path in zip(fields[::2], fields[1::2], strict=False):
        match, words = _PIN.fullmatch(path), meta.lstrip(":").split(" ")
        if match and len(words) == 5:  # noqa: PLR2004
            yield _Touched(match[1], match[2], words[2], words[3])


def _pin(content: bytes) -> Pin | None:
    try:
        return parse_pin(content, "release.env")
    except UserError:
        return None
