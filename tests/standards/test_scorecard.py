"""Totals, score and verdict of any set of rule results."""

import json

from hypothesis import given
from hypothesis import strategies as st

from idp.core.result import to_jsonable
from idp.standards.rules.standards import all_rules
from idp.standards.scorecard import (
    ContractPoint,
    Finding,
    Outcome,
    Rule,
    Scorecard,
    Severity,
    Verdict,
    build_scorecard,
    judged,
    printable,
    result_of,
)

RULES = st.builds(
    Rule,
    id=st.text(),
    title=st.text(),
    severity=st.sampled_from(Severity),
    point=st.sampled_from(ContractPoint),
    reason=st.text(),
    fix=st.text(),
)
FINDINGS = st.builds(Finding, st.text(), st.text(), st.integers(min_value=0))
VERDICTS = st.one_of(
    st.lists(FINDINGS, max_size=3).map(judged),
    st.builds(
        Verdict, st.sampled_from([Outcome.NOT_APPLICABLE, Outcome.NOT_CHECKED]), st.just(()), st.text()
    ),
)
SCORECARDS = st.lists(st.builds(result_of, RULES, VERDICTS), max_size=12).map(
    lambda results: build_scorecard("service", live=True, results=results)
)


@given(SCORECARDS)
def test_every_result_is_counted_once_and_grouped_by_its_point(scorecard: Scorecard) -> None:
    totals = scorecard.totals
    counted = totals.passed + totals.failed + totals.not_applicable + totals.not_checked
    assert counted == len(scorecard.results)
    assert all(result.rule.point is point.point for point in scorecard.points for result in point.results)
    assert [point.point for point in scorecard.points] == sorted(
        {result.rule.point for result in scorecard.results}
    )


@given(SCORECARDS)
def test_the_check_passes_unless_a_rule_of_severity_error_failed(scorecard: Scorecard) -> None:
    errors = [result for result in scorecard.results if result.rule.severity is Severity.ERROR]
    assert scorecard.passed is all(result.outcome is not Outcome.FAILED for result in errors)
    assert scorecard.passed is all(point.passed for point in scorecard.points)


@given(SCORECARDS)
def test_the_score_is_full_only_where_nothing_that_counts_failed(scorecard: Scorecard) -> None:
    counting = [result for result in scorecard.results if result.rule.severity is not Severity.INFO]
    outcomes = {result.outcome for result in counting}
    if scorecard.score is None:
        assert not outcomes & {Outcome.PASSED, Outcome.FAILED}
    else:
        assert (scorecard.score == 100) is (Outcome.FAILED not in outcomes)
        assert 0 <= scorecard.score <= 100


@given(SCORECARDS)
def test_a_scorecard_is_json(scorecard: Scorecard) -> None:
    document = json.loads(json.dumps(to_jsonable(scorecard)))
    assert document["schema_version"] == 1
    assert document["passed"] is scorecard.passed


@given(st.text())
def test_what_a_service_wrote_cannot_control_the_terminal(text: str) -> None:
    safe = printable(text)
    assert safe.isprintable()
    assert safe == text or not text.isprintable()
    safe.encode()


def test_only_the_first_findings_are_kept_and_the_rest_is_counted() -> None:
    verdict = judged(Finding(str(number)) for number in range(60))
    assert len(verdict.findings) == 50
    assert "10 more" in verdict.note


def test_rule_ids_are_unique_and_each_rule_says_why_and_what_to_do() -> None:
    rules = all_rules()
    assert len({rule.id for rule in rules}) == len(rules)
    assert all(rule.title and rule.reason.endswith(".") and rule.fix.endswith(".") for rule in rules)
    assert {rule.point for rule in rules} == set(ContractPoint)
