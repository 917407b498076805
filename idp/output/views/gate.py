"""`idp gate`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.output.views.gates import gates
from idp.releases.gate import Gated
from idp.releases.gates.model import blocked


def view(done: Gated) -> Iterator[RenderableType]:
    if not done.judged:
        yield Text(f"No release moves between {done.base[:12]} and {done.head[:12]}.")
    for one in done.judged:
        move = f": {one.before or 'nothing'} → {one.after or 'nothing'}" if one.before or one.after else ""
        against = blocked(one.results)
        yield Text.assemble(("✗ ", "bold red") if against else ("✓ ", "green"), safe(one.subject + move))
        yield from gates(one.results)
