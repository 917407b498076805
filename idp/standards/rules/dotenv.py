"""The grammar of `.env` files, as far as the rules need it."""

import re
from dataclasses import dataclass

_COMMENTED_OUT = re.compile(r"^#[ \t]?([A-Z][A-Z0-9_]*)=(.*)$")
_ASSIGNMENT = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)$")


@dataclass(frozen=True)
class Entry:
    """One assignment.

    Attributes:
        is_set: false where it is commented out, as a key to be filled in.
        is_required: the comment right above begins with the word "Required".
    """

    key: str
    value: str
    line: int
    is_set: bool
    is_required: bool


@dataclass(frozen=True)
class Dotenv:
    """The assignments of a `.env` file in order, and the lines that are none."""

    entries: tuple[Entry, ...]
    bad_lines: tuple[int, ...]

    @property
    def values(self) -> dict[str, str]:
        """The values that are set."""
        return {entry.key: entry.value for entry in self.entries if entry.is_set}


def parse_dotenv(text: str) -> Dotenv:
    """Read `KEY=value` and `#KEY=value` lines; quotes and trailing comments are taken off. Never raises."""
    entries: list[Entry] = []
    bad: list[int] = []
    comment = ""
    for number, line in enumerate(text.split("\n"), start=1):
        assigned = _ASSIGNMENT.match(line)
        match = assigned or _COMMENTED_OUT.match(line)
        if match:
            is_required = comment.lower().startswith("required")
            entries.append(Entry(match[1], _value(match[2]), number, assigned is not None, is_required))
            comment = ""
        elif line.lstrip().startswith("#"):
            comment = comment or line.strip("# \t")
        else:
            comment = ""
            if line.strip():
                bad.append(number)
    return Dotenv(tuple(entries), tuple(bad))


def _value(raw: str) -> str:
    text = raw.strip()
    if text[:1] in {'"', "'"}:
        end = text.find(text[0], 1)
        return text[1:end] if end > 0 else text[1:]
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].rstrip()
