"""`idp deploy`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.deployments.deploy import Deployments
from idp.deployments.model import Deployment, DeploymentState
from idp.output.views.layout import columns

_STYLE = {
    DeploymentState.DEPLOYED: "green",
    DeploymentState.UNCHANGED: "dim",
    DeploymentState.SKIPPED: "dim",
    DeploymentState.ROLLED_BACK: "bold yellow",
    DeploymentState.FAILED: "bold red",
}
_HEADINGS = ("SERVICE", "STATE", "VERSION", "SECONDS", "WHERE")


def view(done: Deployments) -> Iterator[RenderableType]:
    if done.services:
        yield columns([_row(each) for each in done.services], _HEADINGS)
    else:
        yield Text(safe(f"{done.environment} has no services."))
    for each in done.services:
        if each.reason:
            yield Text(safe(f"{each.service}: {each.reason}"))
    if done.dry_run:
        yield Text("Dry run: nothing was changed.")


def _row(each: Deployment) -> tuple[str | Text, ...]:
    return (
        each.service,
        Text(each.state.value, _STYLE[each.state]),
        each.version or "",
        f"{each.seconds:.1f}" if each.seconds else "",
        each.url or "",
    )
