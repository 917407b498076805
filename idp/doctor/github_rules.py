"""Judges a repository's settings on GitHub by docs/how-to/protect-repositories.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from idp.doctor.github_settings import Protection, RefFacts, RepositorySettings, Unread, owners_of

APP = "Integration:always"
_INSTEAD_OF_RULES = "Use a classic branch protection rule (Team plan), or trust: whoever can write can push."
_INSTEAD_OF_TAG_RULES = "Use a plan with rulesets, or trust: whoever can write can move these tags."
_INSTEAD_OF_ENVIRONMENTS = "Use the gates of environments.yaml and the required check `gate`."
_ASK = "Run it with credentials that have Administration: read (docs/how-to/connect-github.md)."
_RULES = "Settings → Rules → Rulesets"


class SettingState(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class SettingResult:
    """One setting: what was found, and what to do where it did not pass."""

    setting: str
    state: SettingState
    found: str
    fix: str = ""


def judge(settings: RepositorySettings) -> tuple[SettingResult, ...]:
    """Every setting that is asked for, in the guide's order."""
    return tuple(_results(settings))


def _results(settings: RepositorySettings) -> Iterator[SettingResult]:
    if isinstance(settings.chain, Unread):
        yield _unread("environments.yaml", settings.chain, _ASK)
    platform = settings.chain != ()
    for branch in settings.branches:
        yield from _branch(branch, platform=platform)
    if platform:
        for tags in settings.tags:
            yield from _tags(tags)
        yield _codeowners(settings)
    yield from _token(settings)
    if not isinstance(settings.chain, Unread):
        for name in settings.chain:
            yield _environment(name, settings)


def _branch(ref: RefFacts, *, platform: bool) -> Iterator[SettingResult]:
    rules = ref.protections
    owned = any(it.code_owners for it in rules) and any(it.approvals for it in rules)
    reviewed = any(it.pull_request for it in rules) and (owned or not platform)
    wanted = "a pull request, 1 approval, by code owners" if platform else "a pull request"
    yield _demand(ref, "pull request", reviewed, f"{wanted} required", f"require {wanted}")
    checks = {"gate", "ci"} if platform else {"ci / ci"}
    missing = checks - {name for it in rules for name in it.checks}
    names = ", ".join(sorted(checks))
    yield _demand(
        ref, "status checks", not missing, f"{names} required", f"require {', '.join(sorted(missing))}"
    )
    yield _demand(
        ref,
        "up to date before merging",
        any(it.checks and it.up_to_date for it in rules),
        "required",
        "tick it under the required status checks",
    )
    blocked = {name for it in rules for name in it.blocks}
    yield _demand(ref, "force pushes", "non_fast_forward" in blocked, "blocked", "block force pushes")
    yield _demand(ref, "deletion", "deletion" in blocked, "restricted", "restrict deletions")
    yield _bypass(
        ref, app=platform, fix=f"{_RULES}: leave {'the App alone, always,' if platform else 'nobody'}"
    )


def _tags(ref: RefFacts) -> Iterator[SettingResult]:
    blocked = {name for it in ref.protections for name in it.blocks}
    missing = {"creation", "update", "deletion"} - blocked
    fix = f"restrict {', '.join(sorted(missing))} of tags `{ref.name}**/*`"
    met = "creation, update and deletion restricted"
    yield _demand(ref, "tags", not missing, met, fix, _INSTEAD_OF_TAG_RULES)
    yield _bypass(ref, app=True, fix=f"{_RULES}: leave the App alone, always,")


def _demand(
    ref: RefFacts, what: str, met: bool, found: str, fix: str, instead: str = _INSTEAD_OF_RULES
) -> SettingResult:
    setting = f"{ref.name} {what}"
    if met:
        return SettingResult(setting, SettingState.PASSED, found)
    if ref.unread:
        return _unread(setting, ref.unread, instead if ref.unread.plan else _ASK)
    where = _RULES if not isinstance(ref.sources[0], Unread) else "Settings → Branches"
    return SettingResult(setting, SettingState.FAILED, "no active rule asks for it", f"{where}: {fix}.")


def _bypass(ref: RefFacts, *, app: bool, fix: str) -> SettingResult:
    setting, fix = f"{ref.name} bypass list", f"{fix} on the bypass list."
    rules = [it for it in ref.protections if it.pull_request or it.checks or it.blocks]
    if not rules:
        return SettingResult(
            setting, SettingState.NOT_CHECKED, "there is no rule to bypass", "Set the rules first."
        )
    others = sorted({f"{actor} ({it.name})" for it in rules for actor in _strangers(it, app=app)})
    if others:
        return SettingResult(setting, SettingState.FAILED, f"may bypass: {', '.join(others)}", fix)
    if any(it.bypass is None for it in rules):
        return SettingResult(setting, SettingState.NOT_CHECKED, "only administrators see it", _ASK)
    without = [it.name for it in rules if app and APP not in (it.bypass or ())]
    if without:
        found = f"the App cannot pass: {', '.join(without)}"
        return SettingResult(setting, SettingState.FAILED, found, fix)
    return SettingResult(setting, SettingState.PASSED, "the App alone" if app else "nobody")


def _strangers(rule: Protection, *, app: bool) -> tuple[str, ...]:
    return tuple(actor for actor in rule.bypass or () if not (app and actor == APP))


def _codeowners(settings: RepositorySettings) -> SettingResult:
    known, setting = settings.codeowners, "CODEOWNERS"
    if isinstance(known, Unread):
        return _unread(setting, known, "Run it with credentials that have Contents: read.")
    if known is None:
        return SettingResult(
            setting, SettingState.FAILED, "there is none", "Add .github/CODEOWNERS as the guide has it."
        )
    if known.errors:
        fix = "Open the file on GitHub, which marks them: an owner without write access counts as none."
        return SettingResult(setting, SettingState.FAILED, f"GitHub finds {known.errors} line(s) wrong", fix)
    guarded = [".github/CODEOWNERS", ".github/workflows/promotion-gate.yml", "workflows/actions/x/action.yml"]
    guarded.append("environments/environments.yaml")
    if not isinstance(settings.chain, Unread):
        guarded.append(f"environments/{settings.chain[-1]}/x/release.env")
    free = sorted({_shown(path) for path in guarded if not owners_of(path, known.text)})
    if free:
        return SettingResult(
            setting, SettingState.FAILED, f"nobody owns {', '.join(free)}", "Name an owner of each."
        )
    return SettingResult(setting, SettingState.PASSED, "workflows, chain and last environment have owners")


def _shown(path: str) -> str:
    return f"{path.partition('/x/')[0]}/" if "/x/" in path else path


def _token(settings: RepositorySettings) -> Iterator[SettingResult]:
    default, approve = "workflow permissions", "workflows approve pull requests"
    token = settings.token
    if isinstance(token, Unread):
        yield _unread(default, token, _ASK)
        yield _unread(approve, token, _ASK)
        return
    where = "Settings → Actions → General → Workflow permissions"
    yield (
        SettingResult(default, SettingState.FAILED, "read and write", f"{where}: read repository contents.")
        if token.writes
        else SettingResult(default, SettingState.PASSED, "read-only")
    )
    fix = f"{where}: untick it. Without the App `promote.yml` needs it, to open pull requests."
    yield (
        SettingResult(approve, SettingState.FAILED, "allowed", fix)
        if token.approves
        else SettingResult(approve, SettingState.PASSED, "not allowed")
    )


def _environment(name: str, settings: RepositorySettings) -> SettingResult:
    setting, only = f"environment {name}", settings.default_branch
    where = f"Settings → Environments → {name}"
    if isinstance(settings.environments, Unread):
        instead = _INSTEAD_OF_ENVIRONMENTS if settings.environments.plan else _ASK
        return _unread(setting, settings.environments, instead)
    known = next((it for it in settings.environments if it.name.lower() == name.lower()), None)
    if known is None:
        return SettingResult(
            setting, SettingState.FAILED, "there is none", f"{where}: make it, for {only} only."
        )
    if isinstance(known.branches, Unread):
        return _unread(setting, known.branches, _INSTEAD_OF_ENVIRONMENTS if known.branches.plan else _ASK)
    if known.branches == (only,):
        return SettingResult(setting, SettingState.PASSED, f"{only} only")
    found = "any branch" if known.branches is None else ", ".join(known.branches) or "no branch"
    fix = f"{where} → Deployment branches: {only} only."
    return SettingResult(setting, SettingState.FAILED, f"may be deployed from: {found}", fix)


def _unread(setting: str, why: Unread, fix: str) -> SettingResult:
    return SettingResult(setting, SettingState.NOT_CHECKED, why.reason, fix)
