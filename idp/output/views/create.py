"""`idp create`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.output.views.layout import NO_IDENTITY, file_tree, steps_to_take
from idp.services.create import Created


def view(created: Created) -> Iterator[RenderableType]:
    version = f"{created.template} {created.template_version or '(unversioned)'}"
    if created.dry_run:
        yield Text(f"Would create {created.path} from {version}, {len(created.files)} files:")
        yield file_tree(f"{created.name}/", created.files)
        if created.catalog_entry:
            yield Text(f"Would commit {created.catalog_entry} in the platform repository.")
        if created.overlays:
            yield file_tree("and with it", created.overlays)
        return
    yield Text.assemble(
        ("✓ ", "green"), safe(f"Created {created.path} from {version}, {len(created.files)} files.")
    )
    if created.catalog_entry:
        yield Text.assemble(
            ("✓ ", "green"), f"Registered it: {created.catalog_entry}, committed in the platform."
        )
    if created.overlays:
        environments = list(dict.fromkeys(path.split("/")[1] for path in created.overlays))
        yield Text.assemble(("✓ ", "green"), safe(f"With an overlay in {', '.join(environments)}."))
    if not created.identity_known:
        yield Text(f"! {NO_IDENTITY}", "yellow")
    yield from steps_to_take(
        [
            (f"cd {created.path}", ""),
            ("idp run", "start it on http://127.0.0.1:8080"),
            ("idp check --live", "prove that it meets the standards"),
            ("make test", "run its tests"),
        ]
    )
