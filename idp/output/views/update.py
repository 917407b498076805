"""`idp update`."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.output.views.layout import columns, diff_text
from idp.platform.address import is_machine_local
from idp.services.update import Aborted, Updated
from idp.services.update_model import Action, State, summary

STYLE = {
    Action.ADDED: "green",
    Action.CHANGED: "blue",
    Action.REMOVED: "red",
    Action.MERGED: "cyan",
    Action.KEPT: "yellow",
    Action.CONFLICT: "bold red",
}


def view(data: Updated | Aborted) -> Iterator[RenderableType]:
    if isinstance(data, Aborted):
        yield Text(safe(f"Undid {data.undone}."))
        return
    report = data.report
    versions = f"{report.service}: {report.from_version} → {report.to_version}"
    if data.finished:
        yield Text(safe(f"{versions}: finished an update that had been interrupted. Review and commit it."))
        return
    if report.state is State.CURRENT:
        yield Text(safe(f"{report.service}: {report.from_version} is the newest version already."))
        return
    if report.state is State.NO_OP:
        yield Text(safe(f"{versions}: nothing that this service is made from has changed."))
        return
    yield Text(safe(versions), "bold")
    if report.address:
        yield Text(
            safe(f"The template's address is corrected to one that others can use: {report.address}")
            if not is_machine_local(report.address)
            else safe(f"The template's address changes to {report.address}")
        )
    yield columns(
        [(Text(file.action.value, STYLE[file.action]), file.path, file.note) for file in report.files]
    )
    if report.diff:
        yield Text()
        yield diff_text(report.diff)
    yield Text(", ".join(f"{count} {action}" for action, count in summary(report.files).items()))
    yield _what_now(data)


def _what_now(data: Updated) -> Text:
    if data.dry_run:
        return Text("Dry run: nothing was written.")
    if data.where is None:
        return Text("Nothing was written.")
    if data.where == "work-tree":
        return Text("In the work tree, not committed: review (git diff --cached), test, commit.")
    return Text(safe(f"Committed to the branch {data.where}: git merge {data.where}"))
