"""docs/standards.md, written from the rules themselves."""

from collections.abc import Iterable, Iterator

from idp.standards.live.catalog import LIVE_STANDARDS
from idp.standards.rules.catalog import STATIC_STANDARDS
from idp.standards.scorecard import ContractPoint, Rule, Severity

_HEAD = """# Standards

<!-- Generated from the rules by idp.standards.rules.standards.standards_markdown; do not edit. -->

What `idp check` holds a service to, whatever made it. A rule of severity **error** that fails makes the
check fail (exit code 13); a failed warning lowers the score, an info only informs. Rules marked *live* are
proved on the running service by `idp check --live`, from outside: over HTTP, by its log lines and by signals.
Several of them need the routes of the [contract probe](reference/contract-probe.md).
"""


def all_rules() -> tuple[Rule, ...]:
    """Every rule, static ones first."""
    return tuple(standard.rule for standard in STATIC_STANDARDS) + tuple(one.rule for one in LIVE_STANDARDS)


def standards_markdown() -> str:
    """The page: an overview, then every rule by contract point."""
    rules = all_rules()
    return "\n".join([_HEAD, *_overview(rules), *_chapters(rules)])


def _in(point: ContractPoint, rules: Iterable[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule.point is point]


def _overview(rules: tuple[Rule, ...]) -> Iterator[str]:
    yield "| contract point | rules | errors | live |"
    yield "|---|---:|---:|---:|"
    for point in ContractPoint:
        chosen = _in(point, rules)
        errors = sum(rule.severity is Severity.ERROR for rule in chosen)
        yield f"| {point.value} | {len(chosen)} | {errors} | {sum(rule.live for rule in chosen)} |"
    yield ""


def _chapters(rules: tuple[Rule, ...]) -> Iterator[str]:
    for point in ContractPoint:
        yield f"## {point.value}\n"
        for rule in _in(point, rules):
            live = ", live" if rule.live else ""
            yield f"### {rule.id}\n"
            yield f"**{rule.title}.** {rule.severity.value}{live}; {rule.applies_to}.\n"
            yield f"- Why: {rule.reason}"
            yield f"- Fix: {rule.fix}\n"
