"""`idp register`, and what `idp create` says of a registration."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.output.views.layout import file_tree, steps_to_take
from idp.services.register import Registered
from idp.services.register_entry import Registration, RegistrationState


def view(done: Registered) -> Iterator[RenderableType]:
    registration = done.registration
    if registration.state is RegistrationState.PLANNED:
        yield Text(safe(f"Would register {done.entry.name} in {registration.where}:"))
        yield file_tree("files", [registration.entry, *registration.overlays])
    else:
        yield from registration_lines(registration)
    for note in done.notes:
        yield Text(safe(f"! {note}"), "yellow")
    if done.next_commands:
        yield from steps_to_take(done.next_commands)


def registration_lines(registration: Registration) -> Iterator[RenderableType]:
    done = Text("✓ ", "green")
    if registration.state is RegistrationState.PRESENT:
        yield done + Text(safe(f"Already registered: {registration.entry} in {registration.where}."))
        return
    if registration.state is RegistrationState.PROPOSED:
        yield done + Text(
            safe(
                f"Proposed {registration.entry} by a pull request: {registration.pull_request or registration.branch}"
            )
        )
    else:
        yield done + Text(safe(f"Registered it: {registration.entry}, committed in the platform."))
    if registration.overlays:
        environments = list(dict.fromkeys(path.split("/")[1] for path in registration.overlays))
        yield done + Text(safe(f"With an overlay in {', '.join(environments)}."))
    if registration.note:
        yield Text(safe(f"  {registration.note}"))
