"""The grammar of `.env` files, as far as the rules need it."""

import re
from dataclasses import dataclass

_ASSIGNMENT = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)$")


@dataclass(frozen=True)
class Entry:
    """One assignment and the comment lines right above it."""

    key: str
    value: str
    line: int
    comment: str


@dataclass(frozen=True)
class Dotenv:
    """The assignments of a `.env` file in order, and the lines that are none."""

    entries: tuple[Entry, ...]
    bad_lines: tuple[int, ...]

    @property
    def values(self) -> dict[str, str]:
        return {entry.key: entry.value for entry in self.entries}


def parse_dotenv(text: str) -> Dotenv:
    """Read `KEY=value` lines; quotes and trailing comments are taken off. Never raises."""
    entries: list[Entry] = []
    bad: list[int] = []
    comment: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if match := _ASSIGNMENT.match(line):
            entries.append(Entry(match[1], _value(match[2]), number, "\n".join(comment)))
            comment = []
        elif stripped.startswith("#"):
            comment.append(stripped.lstrip("# "))
        else:
            comment = []
            if stripped:
                bad.append(number)
    return Dotenv(tuple(entries), tuple(bad))


def _value(raw: str) -> str:
    text = raw.strip()
    if text[:1] in {'"', "'"}:
        end = text.find(text[0], 1)
        return text[1:end] if end > 0 else text[1:]
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].rstrip()
