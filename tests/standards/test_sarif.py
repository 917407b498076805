"""SARIF 2.1.0: the structure that code scanning reads."""

import json
from pathlib import Path

import pytest
from hypothesis import given

from idp.standards.check import check
from idp.standards.sarif import scorecard_to_sarif
from idp.standards.scorecard import Outcome, Scorecard
from tests.sarif_schema import official_schema
from tests.standards.test_scorecard import SCORECARDS


@given(SCORECARDS)
def test_each_finding_of_a_failed_rule_is_one_result_that_points_to_its_rule(scorecard: Scorecard) -> None:
    run = json.loads(json.dumps(scorecard_to_sarif(scorecard)))["runs"][0]
    failed = [one for one in scorecard.results if one.outcome is Outcome.FAILED]
    assert len(run["results"]) == sum(len(one.findings) for one in failed)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        physical = result["locations"][0]["physicalLocation"]
        assert physical["region"]["startLine"] >= 1
        assert physical["artifactLocation"]["uri"]


@given(SCORECARDS)
def test_rules_that_were_not_checked_are_notifications(scorecard: Scorecard) -> None:
    run = scorecard_to_sarif(scorecard)["runs"][0]
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert len(notes) == scorecard.totals.not_checked


@pytest.mark.parametrize("folder", ["tests/reference_service", "docs"])
def test_a_scorecard_is_valid_by_the_official_schema(folder: str) -> None:
    import jsonschema

    document = scorecard_to_sarif(check(Path(__file__).parents[2] / folder, live=False))
    jsonschema.Draft7Validator(official_schema()).validate(json.loads(json.dumps(document)))
