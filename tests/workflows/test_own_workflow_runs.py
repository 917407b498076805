"""This repository's own workflows, run: ci.yml on a hostile pull request, release.yml on a tag."""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support import build_file_tree, git, platform_repository, save
from tests.workflows.runner import Hub, Outcome, run_workflow

pytestmark = [pytest.mark.slow, pytest.mark.needs("act", "jq"), pytest.mark.xdist_group("act")]

NAME = "acme/platform"
REPOSITORY = {"full_name": NAME, "name": "platform", "default_branch": "main", "visibility": "public"}
SECRETS = {"IDP_APP_PRIVATE_KEY": "app-key-9e", "GITHUB_TOKEN": "ghs-51c2"}
HOSTILE = "x$(touch ${STAND_INS}/pwned);`touch ${STAND_INS}/pwned2`\"'; touch ${STAND_INS}/pwned3; ${{ github.token }}"
BRANCH = "x$(touch${IFS}${STAND_INS}/pwned4)"
TARGETS = ".PHONY: test test-all demo\ntest test-all demo:\n\t@echo made $@ with $$(python3 --version)\n"


def run_own(hub: Hub, checkout: Path, workflow: str, event: str, ref: str, **payload: object) -> Outcome:
    owned = {**REPOSITORY, "owner": {"login": "acme"}}
    return run_workflow(
        hub,
        checkout,
        event,
        {"ref": ref, "repository": owned, **payload},
        platform=checkout,
        secrets=SECRETS,
        variables={"IDP_APP_ID": "17"},
        arguments=("-W", str(checkout / ".github" / "workflows" / workflow)),
    )


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    """The platform, with targets that take no time."""
    return build_file_tree(platform_repository(tmp_path / "platform"), {"Makefile": TARGETS})


@pytest.mark.parametrize("passes", [True, False], ids=["green", "red"])
def test_ci_is_green_only_if_the_tests_and_the_demo_are(platform: Path, tmp_path: Path, passes: bool) -> None:
    if not passes:
        build_file_tree(platform, {"Makefile": TARGETS.replace("@echo", "@false")})
    git("switch", "--quiet", "--create", BRANCH, cwd=platform)
    commit = save(platform, HOSTILE)
    hub = Hub(tmp_path / "hub")
    hub.publish(platform, NAME)
    checkout = hub.clone(NAME, tmp_path / "checkout")
    head = {"ref": BRANCH, "sha": commit, "repo": {"full_name": NAME}}
    request = {"number": 1, "title": HOSTILE, "body": HOSTILE, "head": head, "base": {"ref": "main"}}
    outcome = run_own(hub, checkout, "ci.yml", "pull_request", f"refs/heads/{BRANCH}", pull_request=request)
    assert (outcome.exit_code == 0) == passes, outcome.log
    assert outcome.jobs["ci"] == ("success" if passes else "failure")
    if passes:
        made = [line for line in outcome.lines if re.search(r"made (test|test-all|demo) with Python 3", line)]
        assert len(made) == 5
    assert not list(hub.folder.glob("pwned*"))
    assert SECRETS["GITHUB_TOKEN"] not in outcome.log


def test_a_tag_of_main_becomes_a_signed_release_that_v1_follows(tmp_path: Path) -> None:
    platform = platform_repository(tmp_path / "platform", tag="v0.0.1")
    log = (platform / "CHANGELOG.md").read_text().replace("## Unreleased", "## 0.1.0 (2026-11-23)", 1)
    build_file_tree(platform, {"CHANGELOG.md": log})
    commit = save(platform, HOSTILE, tag="v0.1.0")
    git("tag", BRANCH, cwd=platform)
    hub = Hub(tmp_path / "hub")
    bare = hub.publish(platform, NAME)
    checkout = hub.clone(NAME, tmp_path / "checkout")
    event = {"after": commit, "head_commit": {"message": HOSTILE}}
    outcome = run_own(hub, checkout, "release.yml", "push", "refs/tags/v0.1.0", **event)
    assert outcome.exit_code == 0, outcome.log
    assert outcome.jobs == {"build": "success", "publish": "success", "move v1": "success"}
    assert git("rev-parse", "v1", cwd=bare) == commit
    (wheel,) = (hub.folder / "release-v0.1.0").glob("*.whl")
    with ZipFile(wheel) as archive:
        assert "idp/_platform/copier.yml" in archive.namelist()
    signed = [line for line in hub.kept("statements") if line.startswith("github provenance")]
    assert [Path(line.split()[-1]).name for line in signed if line.endswith(".whl")] == [wheel.name]
    assert not list(hub.folder.glob("pwned*"))
    assert not set(SECRETS.values()) & set(outcome.log.split())


def test_a_tag_that_the_package_does_not_name_releases_nothing(tmp_path: Path) -> None:
    platform = platform_repository(tmp_path / "platform", tag="v7.7.7")
    hub = Hub(tmp_path / "hub")
    bare = hub.publish(platform, NAME)
    checkout = hub.clone(NAME, tmp_path / "checkout")
    after = git("rev-parse", "HEAD", cwd=checkout)
    outcome = run_own(hub, checkout, "release.yml", "push", "refs/tags/v7.7.7", after=after)
    assert outcome.exit_code != 0
    assert "names another version than v7.7.7" in outcome.log
    assert outcome.jobs["build"] == "failure"
    assert not list(hub.folder.glob("release-*"))
    assert git("branch", "--list", "v1", cwd=bare) == ""
