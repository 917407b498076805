"""`idp update --fleet`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from idp.core.text import safe
from idp.fleet.model import FleetEntry, FleetReport, FleetState
from idp.output.views.layout import columns
from idp.services.update_model import Action, OwnTestsState

_STYLE = {
    FleetState.CURRENT: "dim",
    FleetState.NO_OP: "dim",
    FleetState.CLEAN: "green",
    FleetState.CONFLICTS: "bold red",
    FleetState.FAILED: "bold red",
    FleetState.NO_TEMPLATE: "dim",
}
_HEADINGS = ("SERVICE", "STATE", "FROM", "TO", "FILES", "TESTS", "PULL REQUEST")


def view(report: FleetReport) -> Iterator[RenderableType]:
    shown = [entry for entry in report.services if entry.state not in {FleetState.CURRENT, FleetState.NO_OP}]
    if shown:
        yield columns([_row(entry) for entry in shown], _HEADINGS)
    yield from _details(shown)
    totals = ", ".join(f"{count} {state}" for state, count in report.totals.items() if count)
    yield Text(f"\n{len(report.services)} services: {totals or 'none'}.", "bold")
    if report.interrupted:
        yield Text(safe(f"Interrupted; not reached: {', '.join(report.interrupted)}. Run it again to go on."))
    elif report.dry_run:
        yield Text("Dry run: nothing was written.")


def _row(entry: FleetEntry) -> tuple[str | Text, ...]:
    counts = ", ".join(f"{count} {action}" for action, count in (entry.counts or {}).items())
    tests = entry.tests.state.value if entry.tests else ""
    return (
        entry.name,
        Text(entry.state.value, _STYLE[entry.state]),
        entry.from_version or "",
        entry.to_version or "",
        counts,
        Text(tests, "bold red" if tests == OwnTestsState.FAILED else ""),
        _pull_request(entry),
    )


def _pull_request(entry: FleetEntry) -> str:
    delivery = entry.delivery
    if delivery is None:
        return ""
    what = delivery.pull_request or delivery.branch
    done = (
        "opened"
        if delivery.opened
        else "refreshed"
        if delivery.refreshed
        else "pushed"
        if delivery.pushed
        else ""
    )
    words = [word for word in ("draft" if delivery.draft else "", done, delivery.note) if word]
    return f"{what} ({', '.join(words)})" if words else what


def _details(entries: list[FleetEntry]) -> Iterator[RenderableType]:
    for entry in entries:
        conflicts = [file for file in entry.files if file.action is Action.CONFLICT]
        if not (conflicts or entry.failure or (entry.tests and entry.tests.state is OwnTestsState.FAILED)):
            continue
        yield Text(safe(f"\n{entry.name}"), "bold")
        if entry.failure:
            yield _indented(entry.failure.message)
            yield _indented(f"next: {entry.failure.hint}")
        for file in conflicts:
            yield _indented(f"conflict {file.path} ({file.note})")
        if entry.tests and entry.tests.state is OwnTestsState.FAILED:
            yield _indented(entry.tests.output)


def _indented(text: str) -> Padding:
    return Padding(Text(safe(text)), (0, 0, 0, 2), expand=False)
