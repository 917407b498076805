"""GitHub's two kinds of rules, rulesets and classic branch protection, as one."""

from typing import Any

from idp.doctor.github_settings import Protection, ref_matches

_BLOCKS = frozenset({"creation", "update", "deletion", "non_fast_forward"})
_REFS = {"branch": "refs/heads/", "tag": "refs/tags/"}


def ruleset_targets(ruleset: dict[str, Any], ref: str, default_branch: str) -> bool:
    """Whether an active ruleset is about a full ref, such as `refs/heads/main`."""
    names = (ruleset.get("conditions") or {}).get("ref_name") or {}
    kind = _REFS.get(ruleset.get("target", ""), " ")
    return ref.startswith(kind) and ref_matches(
        ref, names.get("include") or (), names.get("exclude") or (), default_branch
    )


def ruleset_protection(ruleset: dict[str, Any]) -> Protection:
    """A ruleset's demands; GitHub leaves the bypass list out for whoever may not edit it."""
    rules = {rule["type"]: rule.get("parameters") or {} for rule in ruleset.get("rules") or ()}
    reviews, checks = rules.get("pull_request", {}), rules.get("required_status_checks", {})
    actors = ruleset.get("bypass_actors")
    return Protection(
        name=str(ruleset["name"]),
        pull_request="pull_request" in rules,
        approvals=int(reviews.get("required_approving_review_count") or 0),
        code_owners=bool(reviews.get("require_code_owner_review")),
        checks=frozenset(str(it["context"]) for it in checks.get("required_status_checks") or ()),
        up_to_date=bool(checks.get("strict_required_status_checks_policy")),
        blocks=frozenset(rules) & _BLOCKS,
        bypass=None if actors is None else tuple(f"{it['actor_type']}:{it['bypass_mode']}" for it in actors),
    )


def classic_protection(rule: dict[str, Any]) -> Protection:
    """A classic rule's demands; administrators pass it unless it includes them."""
    reviews, checks = rule.get("required_pull_request_reviews"), rule.get("required_status_checks") or {}
    allowed = (reviews or {}).get("bypass_pull_request_allowances") or {}
    kinds = {"apps": "Integration", "users": "User", "teams": "Team"}
    bypass = [f"{kind}:always" for name, kind in kinds.items() if allowed.get(name)]
    if not (rule.get("enforce_admins") or {}).get("enabled"):
        bypass.append("administrators:always")
    closed = {"allow_force_pushes": "non_fast_forward", "allow_deletions": "deletion"}
    return Protection(
        name="classic rule",
        pull_request=reviews is not None,
        approvals=int((reviews or {}).get("required_approving_review_count") or 0),
        code_owners=bool((reviews or {}).get("require_code_owner_reviews")),
        checks=frozenset(map(str, checks.get("contexts") or ())),
        up_to_date=bool(checks.get("strict")),
        blocks=frozenset(name for key, name in closed.items() if not (rule.get(key) or {}).get("enabled")),
        bypass=tuple(bypass),
    )
