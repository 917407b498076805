"""What each gate says, as a table."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from idp.output.views.layout import columns
from idp.releases.gates.model import GateResult, GateState

_STATE = {
    GateState.PASSED: Text("✓ passed", "green"),
    GateState.PENDING: Text("… pending", "yellow"),
    GateState.FAILED: Text("✗ failed", "bold red"),
    GateState.ERRORED: Text("! errored", "bold red"),
}


def gates(results: Sequence[GateResult]) -> Iterator[RenderableType]:
    """Gate, state, when it will pass, why."""
    when = any(result.passes_at for result in results)
    rows = [_row(result, when=when) for result in results]
    headings = ("GATE", "STATE", *(["PASSES AT"] if when else []), "WHY")
    yield Padding(columns(rows, headings), (0, 0, 0, 2), expand=False)


def _row(result: GateResult, *, when: bool) -> list[str | Text]:
    moment = f"{result.passes_at:%Y-%m-%d %H:%M} UTC" if result.passes_at else "-"
    return [result.name, _STATE[result.state], *([moment] if when else []), result.reason]
