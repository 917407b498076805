"""Checks: the release's checks passed, as its record says; the forge fills in those it lacks, and can fail any."""

from collections.abc import Mapping

from idp.environments.chain import Environment
from idp.forges.pull_request import CheckState
from idp.releases.gates.answers import errored, failed, passed, pending
from idp.releases.gates.evidence import is_about
from idp.releases.gates.model import GateResult, PromotionFacts, Unreadable

NAME = "checks"


def checks(environment: Environment, facts: PromotionFacts) -> GateResult:
    record = facts.record
    if isinstance(record, Unreadable):
        return errored(NAME, "The release record", record)
    if record is None:
        return failed(
            NAME, f"{facts.release.version} has no release record, so nothing says that it was checked."
        )
    if not is_about(record, facts):
        return failed(
            NAME, f"The release record of {facts.release.version} is about another image or revision."
        )
    recorded = {check.name: check.passed for check in record.checks}
    wanted = environment.gates.checks
    return _all(recorded) if wanted == "all" else _named(wanted or (), recorded, facts)


def _all(recorded: Mapping[str, bool]) -> GateResult:
    bad = [name for name, good in recorded.items() if not good]
    if bad:
        return failed(NAME, f"Failed: {', '.join(bad)}.")
    if not recorded:
        return failed(NAME, "The release record names no check: release it with --check NAME=passed.")
    return passed(NAME, f"All {len(recorded)} recorded checks passed: {', '.join(recorded)}.")


def _named(wanted: tuple[str, ...], recorded: Mapping[str, bool], facts: PromotionFacts) -> GateResult:
    """A check that failed in the record or on the forge outweighs everything; then what is unknown, then what waits."""
    forge = facts.forge_checks
    missing = [name for name in wanted if name not in recorded]
    on_forge = forge if isinstance(forge, Mapping) else {}
    bad = [name for name in wanted if recorded.get(name) is False or on_forge.get(name) is CheckState.FAILED]
    if bad:
        return failed(NAME, f"Failed: {', '.join(bad)}.")
    if missing and isinstance(forge, Unreadable):
        return errored(NAME, f"How {', '.join(missing)} stands", forge)
    unknown = [name for name in missing if name not in on_forge]
    if unknown:
        return failed(NAME, f"No evidence of {', '.join(unknown)}.")
    waiting = [name for name in missing if on_forge[name] is not CheckState.PASSED]
    if waiting:
        return pending(NAME, f"Still running: {', '.join(waiting)}.")
    return passed(NAME, f"Passed: {', '.join(wanted)}.")
