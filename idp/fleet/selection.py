"""Which services of the fleet a command works on: `--select` and `--shard`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256

from idp.core.errors import UsageError

FIELDS = ("name", "template", "template_version", "owner", "repository")
"""The catalog's fields that an expression may name."""
_SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})", re.ASCII)


@dataclass(frozen=True)
class Condition:
    """`field=pattern`, or `field!=pattern` where it is negated; the pattern is the shell's (`*`, `?`, `[…]`)."""

    field: str
    pattern: str
    negated: bool

    def holds(self, fields: Mapping[str, str | None]) -> bool:
        return fnmatchcase(fields.get(self.field) or "", self.pattern) is not self.negated


@dataclass(frozen=True)
class Selection:
    """Alternatives, one of which has to hold; each is conditions that all have to. None at all selects everything."""

    alternatives: Sequence[Sequence[Condition]] = ()

    def selects(self, fields: Mapping[str, str | None]) -> bool:
        """Whether a service belongs to it; a field that is not known counts as empty."""
        every = self.alternatives or ((),)
        return any(all(condition.holds(fields) for condition in one) for one in every)


def parse_selection(expressions: Sequence[str]) -> Selection:
    """`["template=fastapi,owner=@acme/*", "name=pay-*"]`: comma is and, another expression is or.

    Raises:
        UsageError: a condition names no field of the catalog, or no pattern.
    """
    return Selection(tuple(tuple(_condition(part) for part in one.split(",")) for one in expressions))


def _condition(text: str) -> Condition:
    name, separator, pattern = text.partition("=")
    negated = name.endswith("!")
    name = name.removesuffix("!").strip()
    if not separator or name not in FIELDS:
        raise UsageError(
            "select-invalid",
            f"{text[:60]!a} is no condition on the catalog.",
            f"Write FIELD=PATTERN or FIELD!=PATTERN; the fields are {', '.join(FIELDS)}.",
        )
    return Condition(name, pattern.strip(), negated)


@dataclass(frozen=True)
class Shard:
    """The `index`-th (from 1) of `count` parts of the fleet."""

    index: int = 1
    count: int = 1

    def holds(self, name: str) -> bool:
        """Whether a service belongs to this part: decided by its name alone, whatever else the fleet holds."""
        digest = sha256(name.encode(errors="surrogatepass")).digest()
        return int.from_bytes(digest[:8]) % self.count == self.index - 1


def parse_shard(text: str | None) -> Shard:
    """`2/5`; None is the whole fleet.

    Raises:
        UsageError: it is no such pair, or the index is not within the count.
    """
    if text is None:
        return Shard()
    found = _SHARD.fullmatch(text)
    index, count = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= index <= count:
        raise UsageError(
            "shard-invalid", f"{text[:20]!a} is no shard.", "Write --shard I/N with I from 1 to N: 2/5."
        )
    return Shard(index, count)
