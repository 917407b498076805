"""`idp gate`: whether a change of environments may be merged; the required check of a pull request."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from idp.core.errors import GateBlocked, UsageError
from idp.core.markdown import code
from idp.environments.source import Environments
from idp.forges import pipeline as check_summary
from idp.forges.pipeline import PipelineEvent
from idp.releases import changed_files
from idp.releases.gate_judge import Judge, Judged
from idp.releases.gates.model import blocked
from idp.releases.promotion_pull_request import gates_table

_DEFAULT_BRANCH = "main"


@dataclass(frozen=True)
class Gated:
    """What was found.

    Attributes:
        base, head: commits, full names.
        judged: one entry for each pin that moves, and for each file that must not be as it is.
        summary: whether the pipeline's summary says the same.
    """

    base: str
    head: str
    judged: Sequence[Judged]
    summary: bool


def gate(*, base: str | None = None, head: str | None = None, folder: Path | None = None) -> Gated:
    """Judge what a checkout's commits change.

    Args:
        base: what they are to be merged into; None: what the pipeline's event says, else origin's default branch.
        head: the newest of them; None: what the event says, else HEAD.
        folder: in the checkout; None: where the user stands.

    Raises:
        UsageError: no checkout, or a revision that is not there.
        UserError: a shallow clone, or no valid chain.
        AdapterError: Git fails.
    """
    here = folder or Path.cwd()
    started_by = PipelineEvent() if base and head else check_summary.event(os.environ)
    branch = started_by.base_branch or _DEFAULT_BRANCH
    environments = changed_files.checkout(here, branch)
    missing = changed_files.fetch_tags(here)
    onto = base or _base(environments, started_by)
    change = changed_files.between(environments, onto, head or started_by.head or "HEAD")
    judged = Judge(
        change, started_by.head_branch or changed_files.branch_named(environments, head), missing
    ).all()
    written = check_summary.write(os.environ, _markdown(judged))
    return Gated(change.base, change.head, judged, written)


def verdict(gated: Gated) -> GateBlocked | None:
    """The error that names what is not through, None if everything is."""
    against = [(one, blocked(one.results)) for one in gated.judged]
    said = [
        f"{one.subject} ({', '.join(f'{result.name} {result.state}' for result in results)})"
        for one, results in against
        if results
    ]
    if not said:
        return None
    return GateBlocked(
        "gate-blocked",
        f"This change may not be merged: {'; '.join(said)}.",
        "Each reason stands above; docs/reference/gates.md says what each gate needs.",
    )


def _base(environments: Environments, started_by: PipelineEvent) -> str:
    """The branch as it is now, rather than as it was when the event happened."""
    names = [f"refs/remotes/origin/{started_by.base_branch}"] if started_by.base_branch else []
    names += [started_by.base] if started_by.base else []
    names += [
        "refs/remotes/origin/HEAD",
        f"refs/remotes/origin/{_DEFAULT_BRANCH}",
        f"refs/heads/{_DEFAULT_BRANCH}",
    ]
    found = changed_files.first_known(environments, names)
    if found is None:
        raise UsageError(
            "revision-unknown",
            "It is not known what the change is to be merged into.",
            "Name it with --base.",
        )
    return found


def _markdown(judged: Sequence[Judged]) -> str:
    if not judged:
        return "## Promotion gates\n\nNo release moves.\n"
    parts = ["## Promotion gates"]
    for one in judged:
        move = (
            f" {code(one.before or 'none')} → {code(one.after or 'none')}" if one.before or one.after else ""
        )
        parts += [f"### {code(one.subject)}{move}", gates_table(one.results)]
    return "\n\n".join(parts) + "\n"
