"""`idp run --dry-run`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.services.run import RunPlan


def view(plan: RunPlan) -> Iterator[RenderableType]:
    port = "" if plan.port is None else f"PORT={plan.port} "
    yield Text(safe(f"Would run in {plan.path}: {port}{' '.join(plan.command)}"))
