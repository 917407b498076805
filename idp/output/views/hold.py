"""`idp hold`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.releases.hold import Held


def view(done: Held) -> Iterator[RenderableType]:
    mark = ("✓ ", "green") if done.changed else ("· ", "dim")
    yield Text.assemble(mark, safe(_headline(done)))
    for reason in filter(None, done.reasons):
        yield Text(safe(f"  reason: {reason}"))
    if done.still:
        yield Text(safe(f"  It stays out all the same: {done.still}."), "yellow")
    elif done.held and not done.dry_run:
        where = f"{done.service} --env {done.environment} --release {done.version}"
        yield Text(safe(f"  It stays out of {done.environment} until `idp hold {where} --lift`."))
    if done.dry_run:
        yield Text("  Dry run: nothing was written.")


def _headline(done: Held) -> str:
    what = f"{done.service} {done.version}"
    if done.held and not done.still:
        return f"{what} is held from {done.environment}{'' if done.changed else ' already'}."
    if not done.changed:
        return f"No hold of {what} stands in {done.environment}: nothing to lift."
    return f"The hold of {what} in {done.environment} is lifted."
