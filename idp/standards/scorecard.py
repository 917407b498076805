"""The results of a service's standards: rules, verdicts and their sum."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

SCHEMA_VERSION = 1
"""Version of the scorecard's JSON form. Raised only when a field is removed or changes its meaning."""

Evidence = TypeVar("Evidence")


class Severity(StrEnum):
    """How much a failed rule matters: only `error` makes a check fail."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Outcome(StrEnum):
    """What came of one rule."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not-applicable"
    NOT_CHECKED = "not-checked"


class ContractPoint(StrEnum):
    """The part of the service contract that a rule serves; scorecards are grouped by it, in this order."""

    START = "0. Start and contract probe"
    HEALTH = "1. Health"
    DRAIN = "2. Graceful shutdown"
    REQUEST_ID = "3. Request ID and trace"
    LOGS = "4. Logs"
    METRICS = "5. Metrics"
    CONFIGURATION = "6. Configuration"
    PACKAGING = "7. Make targets and container"
    ERRORS = "8. Error responses"
    DELIVERY = "9. Delivery, ownership and documents"


@dataclass(frozen=True)
class Rule:
    """One standard.

    Attributes:
        id: stable identifier, group first: `IMG-NON-ROOT`.
        title: what holds where the rule passes, as a short sentence without a full stop.
        reason: what goes wrong without it.
        fix: what to do.
        applies_to: the services that it judges, in words.
        live: proved on the running service, so only with `--live`.
    """

    id: str
    title: str
    severity: Severity
    point: ContractPoint
    reason: str
    fix: str
    applies_to: str = "every service"
    live: bool = False


@dataclass(frozen=True)
class Finding:
    """One place where a rule does not hold.

    Attributes:
        path: POSIX path relative to the service's folder; empty where no file is at fault.
        line: from 1; 0 where no line is at fault.
    """

    message: str
    path: str = ""
    line: int = 0


@dataclass(frozen=True)
class Verdict:
    """A rule's judgement: findings where it failed, a note where it could not or need not be judged."""

    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    note: str = ""


MAX_FINDINGS = 50
"""Findings kept per rule; the rest is counted in the verdict's note."""


def judged(findings: Iterable[Finding]) -> Verdict:
    """Failed with these findings, passed without any."""
    everything = tuple(findings)
    if not everything:
        return Verdict(Outcome.PASSED)
    rest = len(everything) - MAX_FINDINGS
    note = f"{rest} more findings are not shown." if rest > 0 else ""
    return Verdict(Outcome.FAILED, everything[:MAX_FINDINGS], note)


def failed(message: str, path: str = "", line: int = 0) -> Verdict:
    return Verdict(Outcome.FAILED, (Finding(message, path, line),))


def not_applicable(note: str) -> Verdict:
    return Verdict(Outcome.NOT_APPLICABLE, note=note)


def not_checked(note: str) -> Verdict:
    return Verdict(Outcome.NOT_CHECKED, note=note)


@dataclass(frozen=True)
class Standard(Generic[Evidence]):
    """A rule together with the pure function that judges the evidence for it."""

    rule: Rule
    judge: Callable[[Evidence], Verdict]


@dataclass(frozen=True)
class RuleResult:
    """A rule and what came of it for one service."""

    rule: Rule
    outcome: Outcome
    findings: tuple[Finding, ...]
    note: str

    @property
    def breaks(self) -> bool:
        """Whether this result alone makes the check fail."""
        return self.outcome is Outcome.FAILED and self.rule.severity is Severity.ERROR


@dataclass(frozen=True)
class Totals:
    """How many rules had each outcome."""

    passed: int
    failed: int
    not_applicable: int
    not_checked: int


@dataclass(frozen=True)
class PointResult:
    """The results of one contract point, in the rules' order."""

    point: ContractPoint
    passed: bool
    totals: Totals
    results: tuple[RuleResult, ...]


@dataclass(frozen=True)
class Scorecard:
    """The standards' results for one service.

    Attributes:
        service: the folder's name.
        live: whether the running service was probed.
        passed: no rule of severity `error` failed.
        score: 0 to 100, the weighted share of judged rules that passed; None where none could be judged.
    """

    schema_version: int
    service: str
    live: bool
    passed: bool
    score: int | None
    totals: Totals
    points: tuple[PointResult, ...]

    @property
    def results(self) -> tuple[RuleResult, ...]:
        """Every rule's result, grouped by contract point."""
        return tuple(result for point in self.points for result in point.results)

    @property
    def failed_rules(self) -> tuple[str, ...]:
        """The IDs of the rules that failed, whatever their severity, sorted."""
        return tuple(sorted(result.rule.id for result in self.results if result.outcome is Outcome.FAILED))


def judge(standards: Iterable[Standard[Evidence]], evidence: Evidence) -> list[RuleResult]:
    """Apply every standard to the evidence."""
    return [result_of(standard.rule, standard.judge(evidence)) for standard in standards]


def result_of(rule: Rule, verdict: Verdict) -> RuleResult:
    """A rule's result; what files and services wrote into it is made safe for a terminal."""
    findings = tuple(
        Finding(printable(finding.message), printable(finding.path), finding.line)
        for finding in verdict.findings
    )
    return RuleResult(rule, verdict.outcome, findings, printable(verdict.note))


def printable(text: str) -> str:
    """The text with control characters and lone surrogates escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def build_scorecard(service: str, *, live: bool, results: Iterable[RuleResult]) -> Scorecard:
    """Group, count and weigh rule results."""
    everything = list(results)
    points = tuple(
        _point(point, [result for result in everything if result.rule.point is point])
        for point in ContractPoint
    )
    return Scorecard(
        schema_version=SCHEMA_VERSION,
        service=service,
        live=live,
        passed=not any(result.breaks for result in everything),
        score=_score(everything),
        totals=_totals(everything),
        points=tuple(point for point in points if point.results),
    )


def _point(point: ContractPoint, results: list[RuleResult]) -> PointResult:
    passed = not any(result.breaks for result in results)
    return PointResult(point, passed, _totals(results), tuple(results))


def _totals(results: list[RuleResult]) -> Totals:
    counts = {outcome: sum(result.outcome is outcome for result in results) for outcome in Outcome}
    return Totals(
        passed=counts[Outcome.PASSED],
        failed=counts[Outcome.FAILED],
        not_applicable=counts[Outcome.NOT_APPLICABLE],
        not_checked=counts[Outcome.NOT_CHECKED],
    )


_WEIGHT = {Severity.ERROR: 3, Severity.WARNING: 1, Severity.INFO: 0}


def _score(results: list[RuleResult]) -> int | None:
    weights = {
        outcome: sum(_WEIGHT[result.rule.severity] for result in results if result.outcome is outcome)
        for outcome in (Outcome.PASSED, Outcome.FAILED)
    }
    total = sum(weights.values())
    return 100 * weights[Outcome.PASSED] // total if total else None
