"""`idp demo`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from idp.core.text import safe
from idp.demo.demo import Demo, DemoPlan
from idp.output.views import check
from idp.output.views.layout import columns


def view(data: Demo | DemoPlan) -> Iterator[RenderableType]:
    return _plan(data) if isinstance(data, DemoPlan) else _done(data)


def _plan(plan: DemoPlan) -> Iterator[RenderableType]:
    yield Text("Would do, in a temporary folder:")
    yield Padding(
        columns([(f"{number}.", title) for number, title in enumerate(plan.steps, 1)]), (0, 0, 0, 2)
    )


def _done(done: Demo) -> Iterator[RenderableType]:
    yield from check.view(done.scorecard)
    yield Text()
    yield columns([(Text("✓", "green"), f"{step.seconds:6.1f} s", step.title) for step in done.steps])
    for number, step in enumerate(done.steps, 1):
        if step.seen:
            yield Text(safe(f"\n{number}. {step.title}"), "bold")
            yield Padding(columns([("·", sentence) for sentence in step.seen]), (0, 0, 0, 2))
    if done.folder:
        yield Text(safe(f"\nEverything lies in {done.folder}"))
