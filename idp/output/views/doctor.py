"""`idp doctor`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from idp.doctor.doctor import Diagnosis, Verdict
from idp.output.views.layout import columns

_VERDICT = {
    Verdict.OK: Text("✓", "green"),
    Verdict.WARNING: Text("!", "yellow"),
    Verdict.FAILED: Text("✗", "bold red"),
}


def view(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    yield columns([(_VERDICT[item.verdict], item.name, item.found) for item in diagnosis.findings])
    fixes = [(f"{item.name}:", item.fix) for item in diagnosis.findings if item.verdict is not Verdict.OK]
    if fixes:
        yield Text("\nWhat to do", "bold")
        yield Padding(columns(fixes), (0, 0, 0, 2), expand=False)
