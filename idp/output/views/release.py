"""`idp release`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.output.views.gates import gates
from idp.releases.release import Released


def view(done: Released) -> Iterator[RenderableType]:
    mark, style = ("✓ ", "green") if done.recorded else ("· ", "dim")
    yield Text.assemble((mark, style), safe(_headline(done)))
    if done.recorded:
        yield Text(safe(f"  {done.record}"))
    if done.recorded and not done.pinned:
        yield from gates(done.gates)
    if done.note:
        yield Text(safe(f"  {done.note}"), "yellow")
    if done.commit:
        yield Text(safe(f"  commit {done.commit[:12]}"))
    if done.dry_run:
        yield Text("  Dry run: nothing was written.")


def _headline(done: Released) -> str:
    if not done.recorded:
        return f"{done.service} {done.version} is recorded already, with this very image: nothing to do."
    verb = "Would record" if done.dry_run else "Recorded"
    if not done.pinned:
        return f"{verb} {done.service} {done.version}; not pinned in {done.environment}."
    move = f"{done.from_version or 'nothing'} → {done.version}"
    return f"{verb} {done.service} {done.version} and pinned it in {done.environment}: {move}."
