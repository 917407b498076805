"""The text of an update's pull request. File names and commit subjects are anybody's: they stay in code blocks."""

import re
from collections.abc import Sequence

from idp.core.text import safe
from idp.services.update_model import Action, FileChange, OwnTests, OwnTestsState, UpdateReport, summary

_MOST_FILES = 200
_MOST_SUBJECTS = 50
_SUPERSEDED = "Superseded by the update to {version}."


def title(report: UpdateReport) -> str:
    return f"chore: update the template to {report.to_version}"


def superseded(version: str) -> str:
    """The comment under a pull request that a newer update replaces."""
    return _SUPERSEDED.format(version=safe(version))


def body(report: UpdateReport, changelog: Sequence[str], tests: OwnTests | None) -> str:
    """The description, Markdown.

    Args:
        report: what the update does.
        changelog: subjects of the template's commits between the two versions, newest first.
        tests: how the service's own checks went on the merged tree; None where they were not run.
    """
    parts = [
        f"Brings the service from {_code(report.from_version)} to {_code(report.to_version)} of its template.",
        *_conflicts(report),
        *_tests(tests),
        "### What changed in the template",
        _block(_shortened([safe(subject) for subject in changelog], _MOST_SUBJECTS) or ["(no commit says)"]),
        "### Files",
        ", ".join(f"{count} {action}" for action, count in summary(report.files).items()) + ".",
        _block(_shortened([_file(change) for change in report.files], _MOST_FILES)),
        "Made by `idp update --fleet`. Push commits of your own to this branch and idp leaves it alone from then on.",
    ]
    return "\n\n".join(parts) + "\n"


def _conflicts(report: UpdateReport) -> list[str]:
    if not report.conflicts:
        return []
    warning = (
        "> [!WARNING]\n> **This update conflicts with the service's own edits.** The branch holds the merge *with "
        "conflict markers*; it must not be merged as it is. Check the branch out, settle the markers, commit, push, "
        "and mark the pull request as ready."
    )
    return [warning, _block([safe(path) for path in report.conflicts])]


def _tests(tests: OwnTests | None) -> list[str]:
    if tests is None:
        return []
    ran = _code(tests.command)
    match tests.state:
        case OwnTestsState.PASSED:
            return [f"Tests: {ran} passed on the merged tree."]
        case OwnTestsState.SKIPPED:
            return [f"Tests: {ran} was not run: {safe(tests.output)}"]
        case OwnTestsState.FAILED:
            return [
                f"**Tests: {ran} failed on the merged tree.** The last lines:",
                _block(tests.output.splitlines()),
            ]


def _file(change: FileChange) -> str:
    note = f"  ({change.note})" if change.note else ""
    mark = {Action.CONFLICT: "conflict!"}.get(change.action, change.action.value)
    return f"{mark:9} {safe(change.path)}{safe(note)}"


def _shortened(lines: Sequence[str], most: int) -> list[str]:
    rest = len(lines) - most
    return [*lines[:most], f"… and {rest} more"] if rest > 0 else list(lines)


def _code(text: str) -> str:
    return f"`{safe(text).replace('`', chr(39))}`"


def _block(lines: Sequence[str]) -> str:
    """A fenced block that its own content cannot close."""
    text = "\n".join(line.replace("\n", " ") for line in lines)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
