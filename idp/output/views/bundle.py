"""`idp bundle`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.output.views.layout import file_tree
from idp.releases.bundle import Bundled


def view(done: Bundled) -> Iterator[RenderableType]:
    subject = f"{done.service} {done.version} as it is in {done.environment}"
    if done.dry_run:
        yield Text(safe(f"Would pack {subject} as {done.path}:"))
    elif done.written:
        yield Text.assemble(("✓ ", "green"), safe(f"Packed {subject}:"))
    else:
        yield Text.assemble(("✓ ", "green"), safe(f"{subject} is packed already, byte for byte:"))
    yield file_tree(f"{done.name}/", done.files)
    yield Text(safe(f"{done.sha256}  {done.path}"))
