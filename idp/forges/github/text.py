"""Titles and bodies as GitHub stores them: a comparison must not find differences of its own making."""

import re

TITLE_LIMIT = 256
BODY_LIMIT = 65_536
"""Characters; GitHub refuses more."""
DRAFT_PREFIX = "[draft] "
"""Stands in the title where a repository's plan has no draft pull requests."""
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_CUT = "\n\n… cut here: GitHub takes no longer text."


def title_for(text: str, prefix: str = "") -> str:
    """One line within GitHub's limit."""
    line = prefix + " ".join(_UNSTORABLE.sub(" ", text).split())
    return line if len(line) <= TITLE_LIMIT else line[: TITLE_LIMIT - 1] + "…"


def body_for(text: str) -> str:
    """Unix newlines, nothing that cannot be stored, no blank end; cut, with a word about it, if too long.

    The limit is taken in UTF-16 units, the stricter way to count.
    """
    stored = _UNSTORABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).rstrip()
    if _length(stored) <= BODY_LIMIT:
        return stored
    room = (BODY_LIMIT - len(_CUT)) * 2
    return stored.encode("utf-16-le")[:room].decode("utf-16-le", errors="ignore").rstrip() + _CUT


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
