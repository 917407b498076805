"""`idp check`: hold a service to the platform's standards."""

from collections.abc import Callable
from pathlib import Path

from idp.core.errors import ChecksFailed
from idp.standards.live.catalog import LIVE_STANDARDS
from idp.standards.rules.catalog import STATIC_STANDARDS
from idp.standards.rules.snapshot import Snapshot
from idp.standards.scorecard import RuleResult, Scorecard, build_scorecard, judge, not_checked, result_of
from idp.standards.service_files import read_service_files

Progress = Callable[[str], None]


def check(path: Path, *, live: bool, on_progress: Progress | None = None) -> Scorecard:
    """Judge a service's files and, with `live`, the running service.

    Args:
        path: the service's folder; any folder will do, whatever is in it.
        live: also start the service by `make run` and probe it. This runs the service's own code.
        on_progress: told what is done next, in a few words.

    Raises:
        UserError: the path is not a folder that can be read.
        AdapterError: with `live`, `make` is missing.
    """
    tell = on_progress or (lambda _: None)
    tell("Reading the files")
    snapshot = read_service_files(path)
    tell("Judging the files")
    results = _all_results(path, snapshot, tell) if live else _without_live(snapshot)
    return build_scorecard(path.resolve().name, live=live, results=results)


def verdict(scorecard: Scorecard) -> ChecksFailed | None:
    """The error that names the failed standards, None where the service meets them all."""
    if scorecard.passed:
        return None
    broken = ", ".join(result.rule.id for result in scorecard.results if result.breaks)
    return ChecksFailed(
        "checks-failed", f"{scorecard.service} fails {broken}.", "Each rule's fix is in the scorecard."
    )


def _without_live(snapshot: Snapshot) -> list[RuleResult]:
    note = not_checked("It needs the running service: idp check --live.")
    return [
        *judge(STATIC_STANDARDS, snapshot),
        *(result_of(standard.rule, note) for standard in LIVE_STANDARDS),
    ]


def _all_results(path: Path, snapshot: Snapshot, tell: Progress) -> list[RuleResult]:
    """The files are judged while the service starts."""
    from concurrent.futures import ThreadPoolExecutor

    from idp.standards.probe import observe

    with ThreadPoolExecutor(1) as pool:
        of_files = pool.submit(judge, STATIC_STANDARDS, snapshot)
        of_service = judge(LIVE_STANDARDS, observe(path, snapshot, tell))
        return [*of_files.result(), *of_service]
