"""Settings read from a small GitHub, straight and through Prism with GitHub's own description."""

import base64
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.core.errors import AdapterError, UserError
from idp.doctor.github_repository import read_settings
from idp.doctor.github_rules import SettingState, judge
from idp.doctor.github_settings import RepositorySettings, Unread
from idp.forges.github.settings import GitHubSettings
from tests.forges.github_server import SLUG, Answer, GitHub, refused
from tests.forges.test_github import THROUGH_PRISM, straight, through_prism
from tests.support import run

pytestmark = pytest.mark.xdist_group("prism")
CHAIN = (Path(__file__).parents[2] / "environments/environments.yaml").read_bytes()
OWNERS = b"/.github/ @acme/p\n/workflows/ @acme/p\n/environments/ @acme/p\n"
UPGRADE = "Upgrade to GitHub Pro or make this repository public to enable this feature."
APP = {"actor_id": 7, "actor_type": "Integration", "bypass_mode": "always"}


@pytest.fixture(scope="module", params=["straight", THROUGH_PRISM])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHub]:
    folder = tmp_path_factory.mktemp("prism")
    with through_prism(folder) if request.param == "prism" else straight() as github:
        yield github


@pytest.fixture
def github(server: GitHub) -> GitHub:
    server.requests.clear()
    server.settings = as_the_guide_has_it(server)
    return server


@pytest.fixture
def plain() -> Iterator[GitHub]:
    """Without Prism: GitHub's description does not name every refusal."""
    with straight() as github:
        github.settings = as_the_guide_has_it(github)
        yield github


def ruleset(github: GitHub, number: int, target: str, include: list[str], **rules: Any) -> dict[str, Any]:
    return {
        **github.shapes.get("ruleset", {}),
        "id": number,
        "name": f"{target} rules",
        "target": target,
        "source": SLUG,
        "enforcement": "active",
        "bypass_actors": [APP],
        "conditions": {"ref_name": {"include": include, "exclude": []}},
        "rules": [
            {"type": kind, **({"parameters": given} if given else {})} for kind, given in rules.items()
        ],
    }


def as_the_guide_has_it(github: GitHub) -> dict[str, Any]:
    def content(text: bytes) -> dict[str, Any]:
        return {**github.shapes.get("file", {}), "content": base64.encodebytes(text).decode()}

    reviews = {
        "required_approving_review_count": 1,
        "require_code_owner_review": True,
        "dismiss_stale_reviews_on_push": False,
        "require_last_push_approval": False,
        "required_review_thread_resolution": False,
    }
    checks = {
        "strict_required_status_checks_policy": True,
        "required_status_checks": [{"context": "gate"}, {"context": "ci"}],
    }
    rulesets = [
        ruleset(
            github,
            1,
            "branch",
            ["~DEFAULT_BRANCH", "refs/heads/v1"],
            pull_request=reviews,
            required_status_checks=checks,
            non_fast_forward=None,
            deletion=None,
        ),
        ruleset(
            github,
            2,
            "tag",
            [f"refs/tags/{name}/**/*" for name in ("good", "hold", "lifted")],
            creation=None,
            update={"update_allows_fetch_and_merge": False},
            deletion=None,
        ),
    ]
    policy = {"protected_branches": False, "custom_branch_policies": True}
    environment = github.shapes.get("environment", {})
    names = ("dev", "staging", "prod")
    branch_policies = {"total_count": 1, "branch_policies": [{"id": 1, "node_id": "x", "name": "main"}]}
    shape = github.shapes.get("repository", {})
    language = {"language": "Python"}  # GitHub's own example lacks what GitHub's own schema requires
    sources = {it: {**shape[it], **language} for it in ("parent", "source") if it in shape}
    return {
        "": {**shape, **language, **sources, "default_branch": "main"},
        "/branches/v1": github.shapes.get("branch", {}),
        "/branches/main/protection": refused(404, "Branch not protected"),
        "/branches/v1/protection": refused(404, "Branch not protected"),
        "/rulesets": rulesets,
        **{f"/rulesets/{it['id']}": it for it in rulesets},
        "/contents/environments/environments.yaml": content(CHAIN),
        "/contents/.github/CODEOWNERS": content(OWNERS),
        "/codeowners/errors": {"errors": []},
        "/actions/permissions/workflow": {
            "default_workflow_permissions": "read",
            "can_approve_pull_request_reviews": False,
        },
        "/environments": {
            "total_count": 3,
            "environments": [{**environment, "name": it, "deployment_branch_policy": policy} for it in names],
        },
        **{f"/environments/{it}/deployment-branch-policies": branch_policies for it in names},
    }


def read(github: GitHub, **other: Any) -> RepositorySettings:
    settings = GitHubSettings(token="ghp_secret", api_url=github.public_url, longest_wait=1, **other)  # noqa: S106
    return read_settings(SLUG, settings)


def left(settings: RepositorySettings) -> dict[str, str]:
    return {it.setting: it.state.value for it in judge(settings) if it.state is not SettingState.PASSED}


def test_a_platform_as_the_guide_has_it_passes_and_nothing_is_written(github: GitHub) -> None:
    settings = read(github)
    assert settings.chain == ("dev", "staging", "prod")
    assert [it.name for it in settings.branches] == ["main", "v1"]
    assert left(settings) == {}
    assert github.writes() == []


def test_without_any_rule_each_line_fails(github: GitHub) -> None:
    github.settings |= {
        "/rulesets": [],
        "/contents/.github/CODEOWNERS": refused(404, "Not Found"),
        "/environments": {"total_count": 0, "environments": []},
        "/actions/permissions/workflow": {
            "default_workflow_permissions": "write",
            "can_approve_pull_request_reviews": True,
        },
    }
    found = left(read(github))
    assert len(found) == len(judge(read(github)))
    assert {name for name, state in found.items() if state == "not checked"} == {
        f"{it} bypass list" for it in ("main", "v1", "good/", "hold/", "lifted/")
    }


def test_a_service_is_judged_by_a_classic_rule_too(github: GitHub) -> None:
    classic: dict[str, Any] = {
        "required_pull_request_reviews": {
            "url": "https://api.github.com/x",
            "dismiss_stale_reviews": False,
            "require_code_owner_reviews": False,
        },
        "required_status_checks": {"strict": True, "contexts": ["ci / ci"], "checks": []},
        "enforce_admins": {"url": "https://api.github.com/x", "enabled": True},
        "allow_force_pushes": {"enabled": False},
        "allow_deletions": {"enabled": False},
    }
    github.settings |= {
        "/rulesets": [],
        "/contents/environments/environments.yaml": refused(404, "Not Found"),
        "/branches/main/protection": classic,
    }
    settings = read(github)
    assert (settings.chain, [it.name for it in settings.branches]) == ((), ["main"])
    assert left(settings) == {}
    classic["enforce_admins"]["enabled"] = False
    assert left(read(github)) == {"main bypass list": "failed"}


def test_a_ruleset_that_is_off_does_not_count(github: GitHub) -> None:
    off = {**github.settings["/rulesets"][0], "enforcement": "evaluate"}
    github.settings |= {"/rulesets": [off, github.settings["/rulesets"][1]], "/rulesets/1": off}
    assert left(read(github))["main pull request"] == "failed"


def test_a_pattern_that_ends_before_the_number_of_a_hold_protects_no_hold(plain: GitHub) -> None:
    names = plain.settings["/rulesets/2"]["conditions"]["ref_name"]
    names["include"] = [f"refs/tags/{it}/*/*/*" for it in ("good", "hold", "lifted")]
    found = left(read(plain))
    assert {name for name, state in found.items() if state == "failed"} == {"hold/ tags", "lifted/ tags"}


def test_a_bypass_list_that_is_left_out_is_not_an_empty_one(github: GitHub) -> None:
    for entry in github.settings["/rulesets"]:
        del entry["bypass_actors"]
    assert set(left(read(github)).values()) == {"not checked"}


def test_a_plan_without_rules_is_no_failure(plain: GitHub) -> None:
    refusal = refused(403, UPGRADE)
    plain.settings |= dict.fromkeys(
        ("/rulesets", "/branches/main/protection", "/branches/v1/protection"), refusal
    )
    lines = {it.setting: it for it in judge(read(plain))}
    assert lines["main pull request"].state is SettingState.NOT_CHECKED
    assert lines["good/ tags"].found == "not available on this plan"
    assert SettingState.FAILED not in {it.state for it in lines.values()}


def test_credentials_that_may_not_read_a_setting_leave_it_unchecked(plain: GitHub) -> None:
    forbidden = refused(403, "Resource not accessible by personal access token")
    plain.settings |= {"/actions/permissions/workflow": forbidden, "/branches/main/protection": forbidden}
    settings = read(plain)
    assert settings.token == Unread("the credentials may not read it")
    assert set(left(settings).values()) == {"not checked"}


@pytest.mark.parametrize(("path", "status"), [("", 404), ("", 401), ("/rulesets", 401)])
def test_an_error_about_the_whole_is_one(plain: GitHub, path: str, status: int) -> None:
    plain.settings[path] = refused(status, "no")
    with pytest.raises(AdapterError):
        read(plain)


def test_an_answer_that_is_not_githubs_is_an_error_with_a_hint(plain: GitHub) -> None:
    plain.settings["/actions/permissions/workflow"] = Answer(200, {"unexpected": True})
    with pytest.raises(AdapterError) as caught:
        read(plain)
    assert caught.value.code == "github-answer-unreadable"


def test_credentials_go_to_no_other_host(plain: GitHub) -> None:
    settings = GitHubSettings(token="ghp_secret", api_url=plain.public_url)  # noqa: S106
    with pytest.raises(UserError) as caught:
        read_settings("https://github.example.org/acme/user-profile", settings)
    assert caught.value.code == "github-other-host"
    assert plain.requests == []


def doctor(github: GitHub, *argv: str, cwd: Path) -> Any:
    given = {"IDP_GITHUB_TOKEN": "ghp_secret", "IDP_GITHUB_API_URL": github.public_url}
    command = [sys.executable, "-m", "idp", "doctor", "--github", *argv]
    return run(*command, cwd=cwd, env={**os.environ, **given})


def test_the_command_asks_about_the_platforms_origin_and_its_exit_code_tells(
    plain: GitHub, tmp_path: Path
) -> None:
    run("git", "init", "-q", str(tmp_path / "platform"), cwd=tmp_path)
    where = tmp_path / "platform"
    run("git", "remote", "add", "origin", f"git@github.com:{SLUG}.git", cwd=where)
    (where / "copier.yml").write_text("{}\n")
    done = doctor(plain, "--platform", str(where), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"github.com/{SLUG}, judged as a platform" in done.stdout
    plain.settings["/rulesets"] = []
    done = doctor(plain, "--repository", SLUG, "--output", "json", cwd=tmp_path)
    envelope = json.loads(done.stdout)
    assert done.returncode == 13
    assert [it["code"] for it in envelope["errors"]] == ["github-settings-failed"]
    first = envelope["data"]["results"][0]
    assert (first["setting"], first["state"]) == ("main pull request", "failed")
    assert "ghp_secret" not in done.stdout + done.stderr


def test_a_repository_without_github_is_a_usage_error(tmp_path: Path) -> None:
    done = run(sys.executable, "-m", "idp", "doctor", "--repository", SLUG, cwd=tmp_path)
    assert done.returncode == 2
    assert "--github" in done.stderr
