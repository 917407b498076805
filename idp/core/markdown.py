"""Text of unknown origin inside Markdown: in code it neither formats, links, mentions nor closes anything."""

import re
from collections.abc import Iterable, Sequence

from idp.core.text import safe

_LINK = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]{1,2000}")


def code(text: str, longest: int = 300) -> str:
    """Inline code of one line, fit for a table's cell; what is too long is cut."""
    line = " ".join(safe(text).split())
    shown = line if len(line) <= longest else f"{line[: longest - 1]}…"
    return f"`{shown.replace('`', chr(39)).replace('|', '¦')}`" if shown else ""


def block(lines: Iterable[str], most: int = 100, longest: int = 200) -> str:
    """A fenced block that its own content cannot close; what is too much is cut and said."""
    shown = [" ".join(safe(line).split()) for line in lines]
    cut = [line if len(line) <= longest else f"{line[: longest - 1]}…" for line in shown[:most]]
    more = [f"… and {len(shown) - most} more"] if len(shown) > most else []
    text = "\n".join([*cut, *more])
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def link(label: str, address: str | None) -> str:
    """A link to an address that is surely one, else the address as code."""
    if address is None:
        return ""
    return f"[{label}](<{address}>)" if _LINK.fullmatch(address) else code(address)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; its cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
