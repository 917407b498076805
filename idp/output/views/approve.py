"""`idp approve`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.releases.approve import Approved


def view(done: Approved) -> Iterator[RenderableType]:
    verb = "Would approve" if done.dry_run else "Approved"
    yield Text.assemble(("✓ ", "green"), safe(f"{verb} as {done.by}: {done.title}"))
    yield Text(safe(f"  {done.branch} at {done.commit[:12]}; a new commit there needs a new approval."))
    if not done.dry_run:
        yield Text(safe(f"  next: idp promote {done.service} --to {done.environment} --merge"))
