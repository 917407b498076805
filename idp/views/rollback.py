"""`idp rollback`."""

from collections.abc import Iterator

from rich.console import RenderableType

from idp.commands.promotion_result import Promotion
from idp.views.promote import one


def view(done: Promotion) -> Iterator[RenderableType]:
    yield from one(done)
