"""`idp check`: the scorecard."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from idp.core.text import safe
from idp.output.views.layout import columns
from idp.standards.scorecard import Outcome, RuleResult, Scorecard, Severity

_MARK = {
    Outcome.PASSED: Text("✓", "green"),
    Outcome.FAILED: Text("✗", "bold red"),
    Outcome.NOT_APPLICABLE: Text("·", "dim"),
    Outcome.NOT_CHECKED: Text("?", "yellow"),
}


def view(scorecard: Scorecard) -> Iterator[RenderableType]:
    width = max((len(result.rule.id) for result in scorecard.results), default=0)
    for point in scorecard.points:
        shown = [result for result in point.results if result.outcome is not Outcome.NOT_APPLICABLE]
        if not shown:
            continue
        totals = f"{point.totals.passed} of {point.totals.passed + point.totals.failed}"
        yield Text.assemble((point.point.value, "bold"), (f"  {totals}", "dim"))
        yield Padding(
            columns([(_MARK[item.outcome], item.rule.id.ljust(width), item.rule.title) for item in shown]),
            (0, 0, 0, 2),
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
