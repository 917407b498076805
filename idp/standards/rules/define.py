"""How a static rule is written down: its words beside the function that judges it."""

from collections.abc import Callable

from idp.standards.rules.snapshot import Snapshot
from idp.standards.scorecard import ContractPoint, Rule, Severity, Standard, Verdict

Judge = Callable[[Snapshot], Verdict]


def static_rule(
    rule_id: str,
    title: str,
    *,
    point: ContractPoint,
    reason: str,
    fix: str,
    severity: Severity = Severity.ERROR,
    applies_to: str = "every service",
) -> Callable[[Judge], Standard[Snapshot]]:
    """Decorator: the function becomes a standard judged on a snapshot of the service's files."""

    def define(judge: Judge) -> Standard[Snapshot]:
        return Standard(Rule(rule_id, title, severity, point, reason, fix, applies_to), judge)

    return define
