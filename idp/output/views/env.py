"""`idp env`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.environments.env import EnvironmentChange, EnvironmentList, OverlayCheck
from idp.environments.view import EnvironmentView, ServiceRelease
from idp.output.views.layout import columns, file_tree

_NOTHING = "nothing released yet"


def view(data: EnvironmentList | EnvironmentChange | OverlayCheck) -> Iterator[RenderableType]:
    if isinstance(data, OverlayCheck):
        yield from _checked(data)
    else:
        yield from _listed(data) if isinstance(data, EnvironmentList) else _changed(data)


def _checked(done: OverlayCheck) -> Iterator[RenderableType]:
    for fault in done.faults:
        yield Text.assemble(("✗ ", "red"), safe(str(fault)))
    if not done.faults:
        yield Text.assemble(
            ("✓ ", "green"), f"{done.overlays} overlays: valid, each engine takes the image of release.env."
        )


def _listed(found: EnvironmentList) -> Iterator[RenderableType]:
    if len(found.environments) > 1:
        yield Text(safe(" → ".join(each.name for each in found.environments)), "bold")
    for environment in found.environments:
        yield from _environment(environment)


def _environment(environment: EnvironmentView) -> Iterator[RenderableType]:
    yield Text()
    yield Text.assemble((safe(environment.name), "bold"), safe(f" on {environment.target}"))
    yield Text(safe(f"  gates     {', '.join(environment.gates)}"))
    if not environment.services:
        yield Text("  services  none")
        return
    yield Text(f"  services  {len(environment.services)}")
    yield columns([("   ", service.service, *_release(service)) for service in environment.services])


def _release(service: ServiceRelease) -> tuple[Text, str]:
    if service.fault:
        return Text("?", "red"), service.fault
    if service.version is None:
        return Text("-"), _NOTHING
    return Text(safe(service.version)), (service.image or "").rpartition("@")[2][:19]


def _changed(done: EnvironmentChange) -> Iterator[RenderableType]:
    word = "to" if done.action == "add" else "from"
    subject = f"{done.service} {word} {done.environment}" if done.service else done.environment
    paths = [*done.written, *done.deleted]
    if not paths:
        yield Text(safe(f"Nothing to do: {done.service} has an overlay in {done.environment}."))
        return
    if done.dry_run:
        yield Text(safe(f"Would {done.action} {subject}, {len(paths)} files:"))
    else:
        past = "Added" if done.action == "add" else "Removed"
        yield Text.assemble(("✓ ", "green"), safe(f"{past} {subject}, commit {(done.commit or '')[:12]}:"))
    for title, listed in (("written", done.written), ("deleted", done.deleted)):
        if listed:
            yield file_tree(title, listed)
