"""`idp templates`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.output.views.layout import columns
from idp.templates.list import Templates


def view(found: Templates) -> Iterator[RenderableType]:
    yield columns([(item.name, item.description) for item in found.templates], ("TEMPLATE", "MAKES"))
    versions = ", ".join(found.versions[:8]) or "none yet (the newest commit is used)"
    yield Text(safe(f"\nVersions: {versions}\nPlatform: {found.platform} ({found.found_by})"))
