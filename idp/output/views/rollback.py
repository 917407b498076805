"""`idp rollback`."""

from collections.abc import Iterator

from rich.console import RenderableType

from idp.output.views.promote import one
from idp.releases.promotion_result import Promotion


def view(done: Promotion) -> Iterator[RenderableType]:
    yield from one(done)
