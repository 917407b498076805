"""The text of a promotion's pull request. Whatever somebody else wrote stands in code."""

from collections.abc import Sequence
from dataclasses import dataclass

from idp.core.markdown import block, code, link, table
from idp.releases.gates.model import GateResult, GateState
from idp.releases.promotion_model import Action, PromotionPlan, promotion_title
from idp.releases.record import ReleaseRecord

_MARKS = {
    GateState.PASSED: "✅ passed",
    GateState.PENDING: "⏳ pending",
    GateState.FAILED: "❌ failed",
    GateState.ERRORED: "⚠️ errored",
}
_MOST_CHECKS = 50


@dataclass(frozen=True)
class SourceCommit:
    """A commit of the service's own repository."""

    revision: str
    subject: str
    author: str


@dataclass(frozen=True)
class PullRequestText:
    """`title`: one line; `body`: Markdown."""

    title: str
    body: str


def pull_request_text(
    plan: PromotionPlan,
    *,
    record: ReleaseRecord | None,
    commits: Sequence[SourceCommit] | None,
    by: str,
) -> PullRequestText:
    """What a pull request says.

    Args:
        plan: what it changes, and what the gates say.
        record: the release's record, None if there is none.
        commits: those between the two releases' revisions, newest first; None if they are not known.
        by: who opens it.
    """
    parts = [
        _opening(plan, by),
        *([f"Reason: {code(plan.reason, 500)}"] if plan.reason.strip() else []),
        "### What changes",
        _change(plan),
        "### Commits",
        _commits(plan, commits),
        "### Gates",
        gates_table(plan.results),
        "### Evidence",
        _evidence(record),
        f"Only `{plan.path}` changes. Merging it moves the pin; the deployment follows the pin.",
    ]
    return PullRequestText(promotion_title(plan), "\n\n".join(parts) + "\n")


def gates_table(results: Sequence[GateResult]) -> str:
    """What each gate says, as Markdown; a check's summary shows it too."""
    return table(
        ["gate", "state", "why", "passes at"],
        [
            [
                result.name,
                _MARKS[result.state],
                code(result.reason, 500),
                f"{result.passes_at:%Y-%m-%d %H:%M} UTC" if result.passes_at else "",
            ]
            for result in results
        ],
    )


def _opening(plan: PromotionPlan, by: str) -> str:
    version, place = code(plan.release.version), f"**{plan.environment}**"
    origin = f", as it runs in **{plan.source}**" if plan.source else ""
    what = {
        Action.RELEASE: f"Releases **{plan.service}** {version} to {place}",
        Action.PROMOTE: f"Promotes **{plan.service}** {version} to {place}",
        Action.ROLLBACK: f"Rolls **{plan.service}** back to {version} in {place}",
    }
    return f"{what[plan.action]}{origin}. Asked for by {code(by)}."


def _change(plan: PromotionPlan) -> str:
    present, release = plan.present, plan.release
    rows = [
        ("version", present.version if present else "", release.version),
        ("image", present.image if present else "", release.image),
        ("revision", present.revision if present else "", release.revision),
    ]
    return table(
        ["", "now", "then"], [[name, code(old, 500) or "(none)", code(new, 500)] for name, old, new in rows]
    )


def _commits(plan: PromotionPlan, commits: Sequence[SourceCommit] | None) -> str:
    if plan.present is None:
        return "It is the first release here."
    if commits is None:
        return "The service's history could not be read here, so they are not listed."
    if not commits:
        return "None: both releases are of the same source."
    return block(f"{commit.revision[:12]} {commit.subject} ({commit.author})" for commit in commits)


def _evidence(record: ReleaseRecord | None) -> str:
    if record is None:
        return "There is no release record."
    checks = [
        [code(check.name), "✅ passed" if check.passed else "❌ failed", link("evidence", check.url)]
        for check in record.checks[:_MOST_CHECKS]
    ]
    rows = [
        ["built", f"{record.built_at:%Y-%m-%d %H:%M} UTC", ""],
        ["template", code(f"{record.template or 'none'} {record.template_version or ''}"), ""],
        ["bill of materials", code(record.sbom_digest or "") or "none recorded", ""],
        _provenance(record),
    ]
    return table(["evidence", "", ""], [*rows, *checks])


def _provenance(record: ReleaseRecord) -> list[str]:
    origin = record.provenance
    return (
        ["provenance", code(origin.builder), link("statement", origin.url)]
        if origin
        else ["provenance", "none recorded", ""]
    )
