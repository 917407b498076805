"""How each command's result looks to a person: pure functions from data to Rich renderables."""

from collections.abc import Iterator, Sequence
from functools import singledispatch
from pathlib import PurePosixPath

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from idp.commands.create import Created
from idp.commands.demo import Demo, DemoPlan
from idp.commands.doctor import Diagnosis, Verdict
from idp.commands.init import Initialised
from idp.commands.run import RunPlan
from idp.commands.templates import Templates
from idp.domain.display import safe
from idp.domain.scorecard import Outcome, RuleResult, Scorecard, Severity

_NO_IDENTITY = (
    "Git does not know who you are: the commit is by idp@localhost (`idp doctor` says how to mend it)."
)
_MARK = {
    Outcome.PASSED: Text("✓", "green"),
    Outcome.FAILED: Text("✗", "bold red"),
    Outcome.NOT_APPLICABLE: Text("·", "dim"),
    Outcome.NOT_CHECKED: Text("?", "yellow"),
}
_VERDICT = {
    Verdict.OK: Text("✓", "green"),
    Verdict.WARNING: Text("!", "yellow"),
    Verdict.FAILED: Text("✗", "bold red"),
}


@singledispatch
def view(data: object) -> Iterator[RenderableType]:
    """The parts to print, one after the other."""
    raise TypeError(f"no view for {type(data).__name__}")


def columns(rows: Sequence[Sequence[str | Text]], headings: Sequence[str] = ()) -> Table:
    """A plain table: no borders, the last column takes what is left."""
    table = Table(
        box=None, show_header=bool(headings), header_style="bold", pad_edge=False, padding=(0, 2, 0, 0)
    )
    width = max((len(row) for row in rows), default=len(headings))
    for index in range(width):
        last = index == width - 1
        table.add_column(headings[index] if headings else "", overflow="fold", no_wrap=not last)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(safe(cell)) for cell in row))
    return table


def file_tree(root: str, paths: Sequence[str]) -> Tree:
    """Paths as a tree, folders first."""
    tree = Tree(Text(safe(root), "bold"), guide_style="dim")
    branches: dict[PurePosixPath, Tree] = {PurePosixPath(): tree}
    for path in sorted(
        map(PurePosixPath, paths), key=lambda path: [(part == path.name, part) for part in path.parts]
    ):
        for parent in (*reversed(path.parents), path):
            if parent not in branches:
                suffix = "" if parent == path else "/"
                branches[parent] = branches[parent.parent].add(Text(safe(parent.name) + suffix))
    return tree


def steps_to_take(commands: Sequence[tuple[str, str]]) -> Iterator[RenderableType]:
    yield Text("\nWhat to do next", "bold")
    yield Padding(
        columns([(Text(safe(command), "cyan"), why) for command, why in commands]), (0, 0, 0, 2), expand=False
    )


@view.register
def _(created: Created) -> Iterator[RenderableType]:
    version = f"{created.template} {created.template_version or '(unversioned)'}"
    if created.dry_run:
        yield Text(f"Would create {created.path} from {version}, {len(created.files)} files:")
        yield file_tree(f"{created.name}/", created.files)
        if created.catalog_entry:
            yield Text(f"Would commit {created.catalog_entry} in the platform repository.")
        return
    yield Text.assemble(
        ("✓ ", "green"), safe(f"Created {created.path} from {version}, {len(created.files)} files.")
    )
    if created.catalog_entry:
        yield Text.assemble(
            ("✓ ", "green"), f"Registered it: {created.catalog_entry}, committed in the platform."
        )
    if not created.identity_known:
        yield Text(f"! {_NO_IDENTITY}", "yellow")
    yield from steps_to_take(
        [
            (f"cd {created.path}", ""),
            ("idp run", "start it on http://127.0.0.1:8080"),
            ("idp check --live", "prove that it meets the standards"),
            ("make test", "run its tests"),
        ]
    )


@view.register
def _(plan: RunPlan) -> Iterator[RenderableType]:
    port = "" if plan.port is None else f"PORT={plan.port} "
    yield Text(safe(f"Would run in {plan.path}: {port}{' '.join(plan.command)}"))


@view.register
def _(found: Templates) -> Iterator[RenderableType]:
    yield columns([(item.name, item.description) for item in found.templates], ("TEMPLATE", "MAKES"))
    versions = ", ".join(found.versions[:8]) or "none yet (the newest commit is used)"
    yield Text(safe(f"\nVersions: {versions}\nPlatform: {found.platform} ({found.found_by})"))


@view.register
def _(made: Initialised) -> Iterator[RenderableType]:
    if made.dry_run:
        yield Text(safe(f"Would create {made.path}, tagged {made.version}, {len(made.files)} files:"))
        yield file_tree(f"{made.path.name}/", made.files)
        return
    yield Text.assemble(
        ("✓ ", "green"), safe(f"Created the platform repository {made.path}, tagged {made.version}.")
    )
    if not made.identity_known:
        yield Text(f"! {_NO_IDENTITY}", "yellow")
    yield from steps_to_take(
        [
            (f"cd {made.path}", ""),
            ("git remote add origin URL; git push -u origin main --tags", "share it"),
            ("idp create service NAME --output-dir ..", "the first service"),
        ]
    )


@view.register
def _(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    yield columns([(_VERDICT[item.verdict], item.name, item.found) for item in diagnosis.findings])
    fixes = [(f"{item.name}:", item.fix) for item in diagnosis.findings if item.verdict is not Verdict.OK]
    if fixes:
        yield Text("\nWhat to do", "bold")
        yield Padding(columns(fixes), (0, 0, 0, 2), expand=False)


@view.register
def _(scorecard: Scorecard) -> Iterator[RenderableType]:
    for point in scorecard.points:
        shown = [result for result in point.results if result.outcome is not Outcome.NOT_APPLICABLE]
        if not shown:
            continue
        totals = f"{point.totals.passed} of {point.totals.passed + point.totals.failed}"
        yield Text.assemble((point.point.value, "bold"), (f"  {totals}", "dim"))
        yield Padding(
            columns([(_MARK[item.outcome], item.rule.id, item.rule.title) for item in shown]), (0, 0, 0, 2)
        )
    yield from _what_failed([result for result in scorecard.results if result.outcome is Outcome.FAILED])
    yield _summary(scorecard)


def _what_failed(results: Sequence[RuleResult]) -> Iterator[RenderableType]:
    for result in results:
        style = "bold red" if result.rule.severity is Severity.ERROR else "bold yellow"
        yield Text.assemble(
            "\n", (f"{result.rule.severity.value} {result.rule.id}", style), f"  {result.rule.title}"
        )
        for finding in result.findings:
            place = (
                f"{finding.path}:{finding.line}: "
                if finding.line
                else f"{finding.path}: "
                if finding.path
                else ""
            )
            yield Padding(Text(safe(place + finding.message)), (0, 0, 0, 2), expand=False)
        yield Padding(Text.assemble(("fix: ", "cyan"), safe(result.rule.fix)), (0, 0, 0, 2), expand=False)


def _summary(scorecard: Scorecard) -> Text:
    verdict = (
        ("meets the standards", "bold green")
        if scorecard.passed
        else ("does not meet the standards", "bold red")
    )
    totals = scorecard.totals
    counts = f": {totals.passed} passed, {totals.failed} failed, {totals.not_checked} not checked, "
    score = "no score" if scorecard.score is None else f"score {scorecard.score}"
    return Text.assemble("\n", (safe(scorecard.service), "bold"), " ", verdict, counts, score)


@view.register
def _(plan: DemoPlan) -> Iterator[RenderableType]:
    yield Text("Would do, in a temporary folder:")
    yield Padding(
        columns([(f"{number}.", title) for number, title in enumerate(plan.steps, 1)]), (0, 0, 0, 2)
    )


@view.register
def _(done: Demo) -> Iterator[RenderableType]:
    yield from view(done.scorecard)
    yield Text()
    yield columns([(Text("✓", "green"), f"{step.seconds:6.1f} s", step.title) for step in done.steps])
    if done.folder:
        yield Text(safe(f"\nEverything lies in {done.folder}"))
