"""What an update of the whole fleet comes to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from idp.core.errors import ChecksFailed, Failure, IdpError, UpdateConflict, UserError
from idp.services.update_model import FileChange, OwnTests, OwnTestsState


class FleetState(StrEnum):
    """What the update of one service comes to: the states of one update, or why there was none."""

    CURRENT = "current"
    NO_OP = "no-op"
    CLEAN = "clean"
    CONFLICTS = "conflicts"
    FAILED = "failed"
    NO_TEMPLATE = "no template"


@dataclass(frozen=True)
class Delivery:
    """Where an update was brought.

    Attributes:
        branch: name of the update branch in the service's repository.
        commit: what lies at its tip.
        pushed: this run put it there; it was as it had to be otherwise.
        note: why the branch was left alone, where somebody else has commits on it.
        pull_request: its address; None where none was asked for.
        draft: it must not be merged as it is.
        opened: this run opened it; refreshed: this run changed its text or state.
        superseded: branches of earlier updates whose pull requests this run closed.
    """

    branch: str
    commit: str
    pushed: bool = False
    note: str = ""
    pull_request: str | None = None
    draft: bool = False
    opened: bool = False
    refreshed: bool = False
    superseded: Sequence[str] = ()


@dataclass(frozen=True)
class FleetEntry:
    """What the update of one service comes to.

    Attributes:
        counts: action → number of files.
        edited: how many of the template's files the service has edited or deleted; None where not known.
        failure: why nothing is known, or why the update could not be delivered.
    """

    name: str
    state: FleetState
    owner: str | None = None
    template: str | None = None
    from_version: str | None = None
    to_version: str | None = None
    counts: Mapping[str, int] | None = None
    files: Sequence[FileChange] = ()
    edited: int | None = None
    tests: OwnTests | None = None
    delivery: Delivery | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class FleetReport:
    """An update of the fleet, sorted by name.

    Attributes:
        platform: URL or path of the platform repository.
        totals: state → number of services; `tests-failed` besides.
        interrupted: services that were not reached; running again goes on with them.
    """

    platform: str
    dry_run: bool
    services: Sequence[FleetEntry]
    totals: Mapping[str, int]
    interrupted: Sequence[str] = ()


def fleet_report(
    platform: str, entries: Iterable[FleetEntry], interrupted: Iterable[str], *, dry_run: bool
) -> FleetReport:
    """Count and sort what was found."""
    services = sorted(entries, key=lambda entry: entry.name)
    totals = {state.value: sum(entry.state is state for entry in services) for state in FleetState}
    totals["tests-failed"] = len(_with_failed_tests(services))
    return FleetReport(platform, dry_run, services, totals, sorted(interrupted))


def verdict(report: FleetReport) -> IdpError | None:
    """What is wrong with the fleet, the gravest first.

    Failing tests (13) outweigh conflicts (12): a conflict is the owner's to settle, a merge that goes through
    and breaks the service is the template's fault and hits the next one too. Services of which nothing is
    known come last (1).
    """
    tests = _with_failed_tests(report.services)
    conflicts = [entry.name for entry in report.services if entry.state is FleetState.CONFLICTS]
    failed = [entry.name for entry in report.services if entry.failure is not None]
    summary = f"{len(tests)} with failing tests, {len(conflicts)} with conflicts, {len(failed)} failed"
    hint = "The report says why, service by service; running again goes on with what is left."
    if tests:
        return ChecksFailed(
            "fleet-tests-failed", f"{_names(tests)}: the tests of the merged tree fail ({summary}).", hint
        )
    if conflicts:
        return UpdateConflict(
            "fleet-conflicts", f"{_names(conflicts)}: the update conflicts ({summary}).", hint
        )
    if failed:
        return UserError("fleet-failed", f"{_names(failed)}: could not be updated ({summary}).", hint)
    return None


def _with_failed_tests(entries: Iterable[FleetEntry]) -> list[str]:
    return [entry.name for entry in entries if entry.tests and entry.tests.state is OwnTestsState.FAILED]


def _names(names: Sequence[str], shown: int = 5) -> str:
    rest = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + rest
