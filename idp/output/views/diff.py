"""`idp diff`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.output.views.layout import columns, diff_text
from idp.services.diff import Drift, Ownership

_STYLE = {Ownership.EDITED: "cyan", Ownership.MISSING: "red"}


def view(drift: Drift) -> Iterator[RenderableType]:
    if drift.diff:
        yield diff_text(drift.diff)
        yield Text()
    shown = [file for file in drift.files if file.ownership in _STYLE]
    yield columns([(Text(file.ownership.value, _STYLE[file.ownership]), file.path) for file in shown])
    counts = {kind: sum(file.ownership is kind for file in drift.files) for kind in Ownership}
    totals = ", ".join(f"{count} {kind.value}" for kind, count in counts.items())
    yield Text(safe(f"{drift.service} against {drift.version} of {drift.template}: {totals}"))
