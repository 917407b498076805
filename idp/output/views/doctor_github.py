"""`idp doctor --github`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from idp.core.text import safe
from idp.doctor.github import RepositoryDiagnosis
from idp.doctor.github_rules import SettingState
from idp.output.views.layout import columns

_STATE = {SettingState.PASSED: "green", SettingState.FAILED: "bold red", SettingState.NOT_CHECKED: "yellow"}


def view(diagnosis: RepositoryDiagnosis) -> Iterator[RenderableType]:
    yield Text(f"{safe(diagnosis.repository)}, judged as a {diagnosis.kind}\n", "bold")
    yield columns([(Text(it.state, _STATE[it.state]), it.setting, it.found) for it in diagnosis.results])
    fixes = [(f"{it.setting}:", it.fix) for it in diagnosis.results if it.state is not SettingState.PASSED]
    if fixes:
        yield Text("\nWhat to do", "bold")
        yield Padding(columns(fixes), (0, 0, 0, 2), expand=False)
    counts = ", ".join(f"{diagnosis.count(state)} {state}" for state in SettingState)
    yield Text(f"\n{counts}")
