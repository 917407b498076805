"""`idp init`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.demo.init import Initialised
from idp.output.views.layout import NO_IDENTITY, file_tree, steps_to_take


def view(made: Initialised) -> Iterator[RenderableType]:
    if made.dry_run:
        yield Text(safe(f"Would create {made.path}, tagged {made.version}, {len(made.files)} files:"))
        yield file_tree(f"{made.path.name}/", made.files)
        return
    yield Text.assemble(
        ("✓ ", "green"), safe(f"Created the platform repository {made.path}, tagged {made.version}.")
    )
    if not made.identity_known:
        yield Text(f"! {NO_IDENTITY}", "yellow")
    yield from steps_to_take(
        [
            (f"cd {made.path}", ""),
            ("git remote add origin URL; git push -u origin main --tags", "share it"),
            ("idp create service NAME --output-dir ..", "the first service"),
        ]
    )
