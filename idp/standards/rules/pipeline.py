"""CI: a service calls the platform's shared workflow, pinned, with few permissions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from idp.standards.rules.define import static_rule
from idp.standards.rules.snapshot import Snapshot, SourceFile, as_list, as_mapping
from idp.standards.scorecard import ContractPoint, Finding, Verdict, failed, judged, not_checked

_POINT = ContractPoint.DELIVERY
_WORKFLOWS = r"\.github/workflows/[^/]+\.ya?ml"
_REUSABLE = re.compile(r"[\w.-]+/[\w.-]+/\.github/workflows/[\w.-]+\.ya?ml@[^\s@]+")
_SHA = re.compile(r"[0-9a-f]{40}")
_WORKFLOW_REF = re.compile(r"v\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]+)?|[0-9a-f]{40}")
_PLACE = re.compile(r"^\s*-?\s*[\"']?uses[\"']?\s*:")


@dataclass(frozen=True)
class Use:
    """One `uses:` of a workflow: what it names and where."""

    file: SourceFile
    target: str
    line: int
    is_workflow: bool


def _workflows(snapshot: Snapshot) -> list[SourceFile]:
    return snapshot.matching(_WORKFLOWS)


def _jobs(snapshot: Snapshot, file: SourceFile) -> dict[str, dict[str, Any]]:
    jobs = as_mapping(snapshot.parsed(file).mapping.get("jobs"))
    return {name: as_mapping(job) for name, job in jobs.items()}


def _uses(snapshot: Snapshot, file: SourceFile) -> Iterator[Use]:
    lines = _lines(file)
    for job in _jobs(snapshot, file).values():
        targets = [(job.get("uses"), True)]
        targets += [(as_mapping(step).get("uses"), False) for step in as_list(job.get("steps"))]
        for target, is_workflow in targets:
            if isinstance(target, str):
                yield Use(file, target, lines.get(target, 0), is_workflow)


def _lines(file: SourceFile) -> dict[str, int]:
    """What each `uses:` names → the first line that names it."""
    found: dict[str, int] = {}
    for number, line in file.lines:
        if match := _PLACE.match(line):
            found.setdefault(line[match.end() :].partition(" #")[0].strip(" \"'"), number)
    return found


@static_rule(
    "CI-SHARED-WORKFLOW",
    "CI calls the platform's shared workflow",
    point=_POINT,
    reason="A fix or a new check then reaches every service without a pull request to each.",
    fix="Add a workflow with a job that `uses: <org>/<platform>/.github/workflows/<name>.yml@v1`.",
)
def calls_shared_workflow(snapshot: Snapshot) -> Verdict:
    files = _workflows(snapshot)
    if not files:
        return failed("There is no workflow in .github/workflows.", ".github/workflows")
    uses = [use for file in files for use in _uses(snapshot, file)]
    if any(use.is_workflow and _REUSABLE.fullmatch(use.target) for use in uses):
        return judged([])
    return failed("No job calls a reusable workflow of another repository.", files[0].path)


@static_rule(
    "CI-PINNED",
    "Shared workflows are pinned to a version, actions to a commit",
    point=_POINT,
    reason="A branch, or an action's tag that somebody moves, changes what runs with your secrets.",
    fix="Pin the platform's workflows to `@v1`, a vX.Y.Z tag or a commit, and actions to a 40-digit commit.",
)
def pins_what_it_uses(snapshot: Snapshot) -> Verdict:
    files = _workflows(snapshot)
    if not files:
        return not_checked("There is no workflow (CI-SHARED-WORKFLOW).")
    return judged(
        Finding(f"`{use.target[:120]}` is not pinned.", use.file.path, use.line)
        for file in files
        for use in _uses(snapshot, file)
        if not _is_pinned(use)
    )


def _is_pinned(use: Use) -> bool:
    if use.target.startswith("./"):
        return True
    if use.target.startswith("docker://"):
        return "@sha256:" in use.target
    reference = use.target.rpartition("@")[2] if "@" in use.target else ""
    return (_WORKFLOW_REF if use.is_workflow else _SHA).fullmatch(reference) is not None


@static_rule(
    "CI-PERMISSIONS",
    "Every workflow states its permissions",
    point=_POINT,
    reason="Without them a job's token may write to the repository, and so may every action that it runs.",
    fix="Set `permissions: {}` (or `contents: read`) at the top and grant more in the job that needs it.",
)
def states_permissions(snapshot: Snapshot) -> Verdict:
    files = _workflows(snapshot)
    if not files:
        return not_checked("There is no workflow (CI-SHARED-WORKFLOW).")
    return judged(finding for file in files for finding in _permission_faults(snapshot, file))


def _permission_faults(snapshot: Snapshot, file: SourceFile) -> Iterator[Finding]:
    workflow = snapshot.parsed(file).mapping
    jobs = _jobs(snapshot, file)
    if not jobs:
        return
    if "permissions" not in workflow and not all("permissions" in job for job in jobs.values()):
        yield Finding("Neither the workflow nor each of its jobs states permissions.", file.path, 1)
    for scope in (workflow, *jobs.values()):
        if scope.get("permissions") == "write-all":
            yield Finding("`permissions: write-all` grants everything.", file.path)


STANDARDS = (calls_shared_workflow, pins_what_it_uses, states_permissions)
