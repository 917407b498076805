"""service-ci.yml, run: a pull request with hostile words, then the push that merges it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import build_file_tree, git, run, save
from tests.workflows.runner import PLATFORM, Hub, Outcome, run_workflow

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs("act", "docker-engine", "jq"),
    pytest.mark.xdist_group("act"),
]

REGISTRY = "127.0.0.1:5000"
REPOSITORY = "acme/user-profile"
PAYLOADS = (
    "$(touch ${STAND_INS}/pwned-substitution)",
    "`touch ${STAND_INS}/pwned-backtick`",
    '"; touch "${STAND_INS}/pwned-quote"; "',
    "'; touch ${STAND_INS}/pwned-apostrophe; '",
    "${{ secrets.IDP_APP_PRIVATE_KEY }}",
    "a\n::set-output name=x::y\nb",
)
HOSTILE = "feat: " + " ".join(PAYLOADS)
BRANCH = (
    "x/$(touch${IFS}${STAND_INS}/pwned-branch)/`touch${IFS}pwned`/${{github.token}};touch${IFS}pwned|a&b'\"c"
)
TAG = "v9.9.9$(touch${IFS}${STAND_INS}/pwned-tag)"
SECRETS = {"IDP_APP_PRIVATE_KEY": "app-key-7c1f", "GITHUB_TOKEN": "ghs-4b1d"}
VARIABLES = {"IDP_APP_ID": "17", "IDP_REGISTRY": REGISTRY}


@dataclass(frozen=True)
class Runs:
    """What both runs did, and the commit that was pushed."""

    hub: Hub
    pull_request: Outcome
    after_pull_request: dict[str, Any]
    push: Outcome
    commit: str


def repository(name: str = "user-profile") -> dict[str, object]:
    return {
        "full_name": REPOSITORY,
        "name": name,
        "default_branch": "main",
        "visibility": "private",
        "owner": {"login": "acme"},
    }


def left_behind(hub: Hub) -> dict[str, Any]:
    return {
        "tokens": hub.kept("tokens"),
        "logins": hub.kept("logins"),
        "statements": hub.kept("statements"),
        "artifacts": [path.name for path in hub.folder.glob("artifacts/*")],
        "platform": git("rev-parse", "main", cwd=hub.bare("acme/platform")),
    }


@pytest.fixture(scope="module")
def runs(created: tuple[Path, Path], hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """One pull request and one push."""
    folder = tmp_path_factory.mktemp("checkouts")
    checkout = hub.clone(REPOSITORY, folder / "user-profile")
    base = git("rev-parse", "HEAD", cwd=checkout)
    git("switch", "--quiet", "--create", BRANCH, cwd=checkout)
    build_file_tree(checkout, {"docs/hostile.md": HOSTILE})
    commit = save(checkout, HOSTILE, tag=TAG)
    git("push", "--quiet", "--tags", hub.bare(REPOSITORY), f"HEAD:refs/heads/{BRANCH}", cwd=checkout)
    shared: dict[str, Any] = {
        "platform": created[0],
        "own": (PLATFORM, "acme/platform"),
        "secrets": SECRETS,
        "variables": VARIABLES,
    }
    head = {"ref": BRANCH, "sha": commit, "repo": repository()}
    pull_request = {"number": 1, "title": HOSTILE, "body": HOSTILE, "head": head}
    pull_request["base"] = {"ref": "main", "sha": base, "repo": repository()}
    event = {"action": "opened", "number": 1, "pull_request": pull_request, "repository": repository(HOSTILE)}
    proposed = run_workflow(hub, checkout, "pull_request", event, **shared)
    left = left_behind(hub)
    git("switch", "--quiet", "main", cwd=checkout)
    git("merge", "--quiet", "--ff-only", commit, cwd=checkout)
    git("push", "--quiet", hub.bare(REPOSITORY), "main", cwd=checkout)
    head_commit = {"id": commit, "message": HOSTILE, "author": {"name": HOSTILE}}
    event = {
        "ref": "refs/heads/main",
        "before": base,
        "after": commit,
        "head_commit": head_commit,
        "commits": [head_commit],
        "repository": repository(),
    }
    pushed = run_workflow(hub, checkout, "push", event, **shared)
    yield Runs(hub, proposed, left, pushed, commit)
    for reference in (f"service-ci:{version(commit)}", f"{REGISTRY}/{REPOSITORY}:{version(commit)}"):
        run("docker", "rmi", "--force", reference, cwd=folder)


def version(commit: str) -> str:
    return f"0.0.1-dev.2.g{commit[:12]}"


def test_a_pull_request_is_checked_and_stops_before_publishing(runs: Runs) -> None:
    assert runs.pull_request.exit_code == 0, runs.pull_request.log
    checked = {"lint", "test", "idp check", "scan", "image", "ci"}
    ran = {name for name, result in runs.pull_request.jobs.items() if result != "skipped"}
    assert ran == checked
    assert set(runs.pull_request.jobs.values()) <= {"success", "skipped"}


def test_a_pull_request_leaves_nothing_and_gets_no_token(runs: Runs, created: tuple[Path, Path]) -> None:
    before = git("rev-parse", "main", cwd=created[0])
    assert runs.after_pull_request == {
        "tokens": [],
        "logins": [],
        "statements": [],
        "artifacts": [],
        "platform": before,
    }


def test_a_push_to_main_runs_every_job(runs: Runs) -> None:
    assert runs.push.exit_code == 0, runs.push.log
    jobs = {"lint", "test", "idp check", "scan", "image", "publish", "release", "ci"}
    assert runs.push.jobs == dict.fromkeys(jobs, "success")


def test_the_image_is_in_the_registry_and_signed_with_its_bill_of_materials(runs: Runs) -> None:
    digest = published(runs.commit)
    reference = f"{REGISTRY}/{REPOSITORY}@{digest}"
    assert runs.hub.kept("statements") == [
        f"cosign slsaprovenance1 {reference}",
        f"cosign spdxjson {reference}",
    ]
    provenance = json.loads((runs.hub.folder / "slsaprovenance1.json").read_text())
    source = provenance["buildDefinition"]["resolvedDependencies"][0]
    assert source["digest"] == {"gitCommit": runs.commit}
    bill = json.loads((runs.hub.folder / "spdxjson.json").read_text())
    assert "fastapi" in {package["name"] for package in bill["packages"]}


def published(commit: str) -> str:
    """The digest that the registry has for a commit's version."""
    answer = httpx.head(
        f"http://{REGISTRY}/v2/{REPOSITORY}/manifests/{version(commit)}",
        headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"},
    )
    assert answer.status_code == 200
    return str(answer.headers["Docker-Content-Digest"])


def test_the_release_is_recorded_and_pinned_in_dev(runs: Runs) -> None:
    platform = runs.hub.bare("acme/platform")
    image = f"{REGISTRY}/{REPOSITORY}@{published(runs.commit)}"
    pin = git("show", "main:environments/dev/user-profile/release.env", cwd=platform)
    assert f"RELEASE_IMAGE={image}" in pin.splitlines()
    assert f"RELEASE_REVISION={runs.commit}" in pin.splitlines()
    recorded = git(
        "show", f"main:environments/releases/user-profile/{version(runs.commit)}.json", cwd=platform
    )
    record = json.loads(recorded)
    assert record["image"] == image
    assert set(record["checks"]) == {"lint", "test", "idp-check", "scan", "image"}
    assert runs.hub.kept("tokens") == ["acme/platform"]


def test_hostile_words_execute_nothing_and_show_no_secret(runs: Runs) -> None:
    assert not list(runs.hub.folder.glob("*pwned*"))
    for outcome in (runs.pull_request, runs.push):
        assert not [line for line in outcome.lines if any(value in line for value in SECRETS.values())]
