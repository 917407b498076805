"""`idp create`."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.output.views.layout import NO_IDENTITY, file_tree, steps_to_take
from idp.output.views.register import registration_lines
from idp.services.create import Created
from idp.services.register_entry import RegistrationState


def view(created: Created) -> Iterator[RenderableType]:
    version = f"{created.template} {created.template_version or '(unversioned)'}"
    if created.dry_run:
        yield from _planned(created, version)
        return
    yield Text.assemble(
        ("✓ ", "green"), safe(f"Created {created.path} from {version}, {len(created.files)} files.")
    )
    if created.registration:
        yield from registration_lines(created.registration)
    yield from _warnings(created)
    steps = list(created.next_commands)
    if created.registration and created.registration.state is RegistrationState.PROPOSED:
        steps.append((f"# merge {created.registration.pull_request}", ""))
    yield from steps_to_take(steps)


def _planned(created: Created, version: str) -> Iterator[RenderableType]:
    yield Text(safe(f"Would create {created.path} from {version}, {len(created.files)} files:"))
    yield file_tree(f"{created.name}/", created.files)
    if created.catalog_entry:
        yield Text(f"Would commit {created.catalog_entry} in the platform repository.")
    if created.overlays:
        yield file_tree("and with it", created.overlays)
    yield from _warnings(created)


def _warnings(created: Created) -> Iterator[RenderableType]:
    notes: Sequence[str] = created.notes if created.identity_known else (*created.notes, NO_IDENTITY)
    for note in notes:
        yield Text(safe(f"! {note}"), "yellow")
