"""Promotion where the platform lies on GitHub: a pull request, GitHub's reviews, no writing past it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import Ran, idp
from tests.forges.github_server import REPOSITORY, SLUG, GitHub, serving
from tests.forges.test_github import commit_by
from tests.releases.cases import CHAIN, World, bare
from tests.support import git

APPROVED = CHAIN.replace("verified_in: dev}", "verified_in: dev, approvals: {count: 1}}")
BRANCH = "idp/promote/staging/payments"


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(GitHub()) as server:
        yield server


@pytest.fixture
def world(tmp_path: Path, github: GitHub, monkeypatch: pytest.MonkeyPatch) -> World:
    """A bare repository that Git reaches under its GitHub address; the API is a small one on loopback."""
    made = bare(tmp_path, chain=APPROVED)
    made.released("payments", "1.0.0")
    made.good("dev", "payments")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{made.truth.as_uri()}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"https://github.com/{SLUG}")
    monkeypatch.setenv("IDP_GITHUB_TOKEN", "secret")
    monkeypatch.setenv("IDP_GITHUB_API_URL", github.url)
    return made


def promote(*words: str) -> Ran:
    return idp("promote", "payments", "--to", "staging", "--platform", REPOSITORY, *words)


def answers_with(github: GitHub, world: World, author: str) -> str:
    """Have the pull request on GitHub be at the branch's real tip."""
    tip = git("rev-parse", BRANCH, cwd=world.truth)
    github.heads[BRANCH] = tip
    github.commits[:] = [commit_by(author, f"{author}@example.org")]
    return tip


def test_it_opens_a_pull_request_and_leaves_the_branch_alone(world: World, github: GitHub) -> None:
    before = world.tip()
    done = promote("--output", "json")
    assert done.exit_code == 0, done.stdout
    assert world.tip() == before
    (pull,) = github.open_pulls()
    assert (pull["head"], pull["base"], pull["draft"]) == (BRANCH, "main", False)
    assert "⏳ pending" in pull["body"]
    assert done.json["data"]["pull_request"] == f"{REPOSITORY}/pull/1"
    assert (
        git("diff", "--name-only", f"main...{BRANCH}", cwd=world.truth)
        == "environments/staging/payments/release.env"
    )
    tip = answers_with(github, world, "ann")
    assert promote().exit_code == 0
    assert len(github.pulls) == 1
    assert git("rev-parse", BRANCH, cwd=world.truth) == tip


def test_a_review_on_github_opens_the_gate_unless_it_is_the_authors(world: World, github: GitHub) -> None:
    assert promote().exit_code == 0
    tip = answers_with(github, world, "ann")
    github.reviews.append(review("ann", tip))
    assert promote("--merge").exit_code == 11
    github.reviews.append(review("opener", tip))
    assert promote("--merge").exit_code == 11
    github.reviews.append(review("ben", "0" * 40))
    assert promote("--merge").exit_code == 11
    github.reviews.append(review("ben", tip))
    done = promote("--merge")
    assert done.exit_code == 0, done.stdout + done.stderr
    assert world.version("staging", "payments") == "1.0.0"
    assert (
        git("for-each-ref", "refs/heads/idp", cwd=world.truth) == ""
    )  # by which GitHub closes the pull request


def review(login: str, sha: str) -> dict[str, object]:
    return {"user": {"login": login}, "state": "APPROVED", "author_association": "MEMBER", "commit_id": sha}


@pytest.mark.usefixtures("world")
def test_a_github_that_does_not_answer_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert promote().exit_code == 0
    monkeypatch.delenv("IDP_GITHUB_TOKEN")
    done = promote("--merge", "--output", "json")
    assert done.exit_code == 11
    states = {one["name"]: one["state"] for one in done.json["data"]["gates"]}
    assert states["approvals"] == "errored"
    assert "secret" not in done.stdout


@pytest.mark.usefixtures("world")
def test_approving_is_githubs_business() -> None:
    done = idp("approve", "payments", "--to", "staging", "--platform", REPOSITORY)
    assert done.exit_code == 1
    assert "reviews itself" in done.stderr
