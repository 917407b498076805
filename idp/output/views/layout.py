"""What the views share: tables, trees, next steps."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from idp.core.text import safe

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.tree import Tree


NO_IDENTITY = (
    "Git does not know who you are: the commit is by idp@localhost (`idp doctor` says how to mend it)."
)
_SHORT_COMMAND = 24


def columns(rows: Sequence[Sequence[str | Text]], headings: Sequence[str] = ()) -> Table:
    """A plain table: no borders, the last column takes what is left."""
    table = Table(
        box=None, show_header=bool(headings), header_style="bold", pad_edge=False, padding=(0, 2, 0, 0)
    )
    width = max((len(row) for row in rows), default=len(headings))
    for index in range(width):
        last = index == width - 1
        table.add_column(headings[index] if headings else "", overflow="fold", no_wrap=not last)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(safe(cell)) for cell in row))
    return table


def file_tree(root: str, paths: Sequence[str]) -> "Tree":
    """Paths as a tree, folders first."""
    from rich.tree import Tree

    tree = Tree(Text(safe(root), "bold"), guide_style="dim")
    branches: dict[PurePosixPath, Tree] = {PurePosixPath(): tree}
    for path in sorted(
        map(PurePosixPath, paths), key=lambda path: [(part == path.name, part) for part in path.parts]
    ):
        for parent in (*reversed(path.parents), path):
            if parent not in branches:
                suffix = "" if parent == path else "/"
                branches[parent] = branches[parent.parent].add(Text(safe(parent.name) + suffix))
    return tree


def steps_to_take(commands: Sequence[tuple[str, str]]) -> Iterator["RenderableType"]:
    """Commands, one a line and never broken, each with what it is for: a line can be pasted as a whole."""
    yield Text("\nWhat to do next", "bold")
    width = max((len(command) for command, _ in commands if len(command) <= _SHORT_COMMAND), default=0)
    for command, why in commands:
        comment = f"{' ' * max(width - len(command), 0)}  # {why}" if why else ""
        line = Text.assemble("  ", (safe(command), "cyan"), (comment, "dim"))
        line.no_wrap, line.overflow = True, "ignore"
        yield line


_DIFF_STYLE = {"+": "green", "-": "red", "@": "cyan"}


def diff_text(diff: str) -> Text:
    """A unified diff with its usual colours."""
    text = Text(no_wrap=True, overflow="ignore")
    for line in diff.splitlines():
        header = line.startswith(("+++", "---", "diff ", "index "))
        text.append(safe(line) + "\n", "bold" if header else _DIFF_STYLE.get(line[:1], ""))
    return text
