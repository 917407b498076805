"""A scorecard as SARIF 2.1.0, the format that code scanning tools read.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from idp import __version__
from idp.standards.scorecard import Finding, Outcome, Rule, RuleResult, Scorecard, Severity

SARIF_VERSION = "2.1.0"
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_NO_FILE = "Makefile"
"""Where a finding about the running service is shown: code scanning wants a file, and this one starts it."""


def scorecard_to_sarif(scorecard: Scorecard) -> dict[str, Any]:
    """One SARIF run: every rule, a result for each finding, a notification for each rule not checked.

    Rules that passed have no result: code scanning shows every result as an alert, whatever its kind.
    """
    results = scorecard.results
    run = {
        "tool": {
            "driver": {
                "name": "idp check",
                "version": __version__,
                "rules": [_descriptor(result.rule) for result in results],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _not_checked(results)}],
        "results": [
            _result(result, index, finding, scorecard.service)
            for index, result in enumerate(results)
            for finding in result.findings
            if result.outcome is Outcome.FAILED
        ],
        "properties": {"service": scorecard.service, "live": scorecard.live, "score": scorecard.score},
    }
    return {"$schema": SARIF_SCHEMA, "version": SARIF_VERSION, "runs": [run]}


def _descriptor(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.id.title().replace("-", ""),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": rule.reason},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
        "properties": {"contractPoint": rule.point.value, "live": rule.live},
    }


def _not_checked(results: Iterable[RuleResult]) -> list[dict[str, Any]]:
    return [
        {
            "descriptor": {"id": result.rule.id},
            "associatedRule": {"id": result.rule.id, "index": index},
            "level": "note",
            "message": {"text": result.note or "Not checked."},
        }
        for index, result in enumerate(results)
        if result.outcome is Outcome.NOT_CHECKED
    ]


def _result(result: RuleResult, index: int, finding: Finding, service: str) -> dict[str, Any]:
    return {
        "ruleId": result.rule.id,
        "ruleIndex": index,
        "kind": "fail",
        "level": _LEVEL[result.rule.severity],
        "message": {"text": f"{finding.message} {result.rule.fix}"},
        "locations": [_location(finding, service)],
    }


def _location(finding: Finding, service: str) -> dict[str, Any]:
    physical = {
        "artifactLocation": {"uri": quote(finding.path or _NO_FILE)},
        "region": {"startLine": max(finding.line, 1)},
    }
    if finding.path:
        return {"physicalLocation": physical}
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"name": service or "service", "kind": "module"}],
    }
