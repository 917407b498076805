"""The GitHub forge against a GitHub that remembers, straight and through Prism with GitHub's own description.

Straight is quick and shows behaviour over state. Through Prism the same tests also fail where a request, or
an answer of the stand-in server, is not what GitHub's API description allows.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from idp.core.errors import UserError
from idp.forges.github.forge import GitHubForge
from idp.forges.github.settings import GitHubSettings
from idp.forges.github.text import BODY_LIMIT, TITLE_LIMIT, body_for, title_for
from idp.forges.pull_request import PullRequest
from tests.forges import prism
from tests.forges.github_server import REPOSITORY, SLUG, GitHub, serving

pytestmark = pytest.mark.xdist_group("prism")
THROUGH_PRISM = pytest.param("prism", marks=[pytest.mark.slow, pytest.mark.needs("node", "npm")])
WANTED = PullRequest(REPOSITORY, "idp/update", "main", "Update to v2", "What changed:\n\n- all\n")
SHA = "6dcb09b5b57875f334f61aebed695e2e4193db5e"


@contextmanager
def through_prism(folder: Path) -> Iterator[GitHub]:
    description = prism.description()
    with (
        serving(GitHub(prism.examples(description))) as github,
        prism.proxy(description, github.url, folder) as url,
    ):
        github.public_url = url
        yield github


@contextmanager
def straight() -> Iterator[GitHub]:
    with serving(GitHub()) as github:
        github.public_url = github.url
        yield github


@pytest.fixture(scope="module", params=["straight", THROUGH_PRISM])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHub]:
    folder = tmp_path_factory.mktemp("prism")
    with through_prism(folder) if request.param == "prism" else straight() as github:
        yield github


@pytest.fixture
def github(server: GitHub) -> GitHub:
    for kept in (
        server.pulls,
        server.comments,
        server.reviews,
        server.commits,
        server.runs,
        server.statuses,
        server.requests,
    ):
        kept.clear()
    server.has_drafts, server.hidden = True, 0
    return server


@pytest.fixture
def forge(github: GitHub) -> GitHubForge:
    return forge_at(github)


def forge_at(github: GitHub, **other: Any) -> GitHubForge:
    given = {"token": "ghp_secret", "api_url": github.public_url, "write_pause": 0, "longest_wait": 3}
    return GitHubForge(GitHubSettings(**{**given, **other}))


def test_opening_once_creates_it_and_opening_again_changes_nothing(
    github: GitHub, forge: GitHubForge
) -> None:
    wanted = replace(WANTED, labels=("template", "bot"))
    first = forge.open_or_refresh(wanted)
    assert (first.created, first.changed, first.number, first.head_sha) == (True, False, 1, SHA)
    assert first.url == f"https://github.com/{SLUG}/pull/1"
    written = len(github.writes())
    assert forge.open_or_refresh(wanted) == replace(first, created=False)
    assert len(github.writes()) == written
    assert [pull["labels"] for pull in github.open_pulls()] == [["template", "bot"]]


@pytest.mark.parametrize(
    "difference",
    [{"title": "Other"}, {"body": "More"}, {"base": "next"}, {"draft": True}, {"labels": ("x",)}],
)
def test_what_differs_is_all_that_is_written(
    github: GitHub, forge: GitHubForge, difference: dict[str, Any]
) -> None:
    forge.open_or_refresh(WANTED)
    github.requests.clear()
    changed = forge.open_or_refresh(replace(WANTED, **difference))
    assert (changed.created, changed.changed) == (False, True)
    (write,) = github.writes()
    if write.method == "PATCH":
        assert write.body == difference
    (pull,) = github.open_pulls()
    assert {name: type(value)(pull[name]) for name, value in difference.items()} == difference
    assert forge.find_open(REPOSITORY, WANTED.head) == replace(changed, changed=False)


def test_a_draft_becomes_ready_and_a_draft_again(github: GitHub, forge: GitHubForge) -> None:
    for draft in (True, False, True):
        assert forge.open_or_refresh(replace(WANTED, draft=draft)).draft is draft
        assert github.pulls[0]["draft"] is draft


def test_ready_comes_after_the_new_text_and_draft_before_it(github: GitHub, forge: GitHubForge) -> None:
    forge.open_or_refresh(replace(WANTED, draft=True))
    github.requests.clear()
    forge.open_or_refresh(replace(WANTED, draft=False, body="settled"))
    assert [request.method for request in github.writes()] == ["PATCH", "POST"]
    github.requests.clear()
    forge.open_or_refresh(replace(WANTED, draft=True, body="conflicts"))
    assert [request.method for request in github.writes()] == ["POST", "PATCH"]


def test_without_drafts_the_title_says_so_and_stays_so_until_it_is_ready(
    github: GitHub, forge: GitHubForge
) -> None:
    github.has_drafts = False
    opened = forge.open_or_refresh(replace(WANTED, draft=True))
    assert (opened.title, opened.draft) == ("[draft] Update to v2", False)
    written = len(github.writes())
    assert forge.open_or_refresh(replace(WANTED, draft=True)).changed is False
    assert len(github.writes()) == written
    assert forge.open_or_refresh(WANTED).title == "Update to v2"
    assert forge.open_or_refresh(replace(WANTED, draft=True)).title == "[draft] Update to v2"
    assert len(github.pulls) == 1


def test_threads_and_forges_at_once_open_exactly_one(github: GitHub) -> None:
    forges = [forge_at(github) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda forge: forge.open_or_refresh(WANTED), forges * 2))
    assert len(github.open_pulls()) == 1
    assert [result.created for result in results].count(True) == 1
    assert {result.number for result in results} == {1}


def test_one_that_github_does_not_list_yet_is_waited_for(github: GitHub, forge: GitHubForge) -> None:
    github.add(WANTED.head, title="by another run")
    github.hidden = 2
    opened = forge.open_or_refresh(WANTED)
    assert (opened.number, opened.created, opened.changed) == (1, False, True)
    assert len(github.pulls) == 1


def test_forks_other_bases_and_closed_ones_are_told_apart(github: GitHub, forge: GitHubForge) -> None:
    github.add(WANTED.head, fork=True)
    github.add(WANTED.head, state="closed")
    github.add(WANTED.head, base="next", title="to next")
    github.add(WANTED.head, title="to main")
    opened = forge.open_or_refresh(WANTED)
    assert opened.number == 4
    assert [pull["title"] for pull in github.pulls] == ["", "", "to next", "Update to v2"]


def test_listing_reads_every_page(github: GitHub, forge: GitHubForge) -> None:
    for number in range(150):
        github.add(f"idp/{number:03}")
    github.add("other")
    listed = forge.list_open(REPOSITORY, "idp/")
    assert [each.head for each in listed] == [f"idp/{number:03}" for number in range(150)]


def test_closing_says_why_once_and_makes_room_for_a_new_one(github: GitHub, forge: GitHubForge) -> None:
    forge.open_or_refresh(WANTED)
    assert forge.close(REPOSITORY, WANTED.head, "superseded") is True
    assert forge.close(REPOSITORY, WANTED.head, "superseded") is False
    assert github.comments == [(1, "superseded")]
    assert forge.find_open(REPOSITORY, WANTED.head) is None
    assert forge.open_or_refresh(WANTED).number == 2


def run_of(name: str, conclusion: str | None) -> dict[str, Any]:
    status = "completed" if conclusion else "in_progress"
    return {"name": name, "status": status, "conclusion": conclusion}


def test_checks_come_from_runs_and_statuses_and_the_worst_of_a_name_counts(
    github: GitHub, forge: GitHubForge
) -> None:
    github.runs += [run_of(f"filler {number}", "success") for number in range(120)]
    github.runs += [run_of("ci / ci", "success"), run_of("ci / ci", "failure"), run_of("lint", "skipped")]
    github.runs += [run_of("slow", None), run_of("stopped", "cancelled"), run_of("both", "success")]
    github.statuses += [{"context": "deploy", "state": "success"}, {"context": "deploy", "state": "failure"}]
    github.statuses += [{"context": "scan", "state": "error"}, {"context": "both", "state": "pending"}]
    states = forge.checks(REPOSITORY, SHA)
    assert {name: str(state) for name, state in states.items() if not name.startswith("filler")} == {
        "ci / ci": "failed",
        "lint": "passed",
        "slow": "pending",
        "stopped": "failed",
        "both": "pending",
        "deploy": "passed",
        "scan": "failed",
    }
    assert len(states) == 127


def review_by(login: str, state: str, association: str = "MEMBER") -> dict[str, Any]:
    return {"user": {"login": login}, "state": state, "author_association": association, "commit_id": SHA}


def test_reviews_are_the_last_word_of_those_who_may_decide(github: GitHub, forge: GitHubForge) -> None:
    forge.open_or_refresh(WANTED)
    github.reviews += [
        review_by("ann", "CHANGES_REQUESTED"),
        review_by("ben", "APPROVED"),
        review_by("ann", "APPROVED"),
        review_by("ann", "COMMENTED"),
        review_by("ben", "DISMISSED"),
        review_by("passer-by", "APPROVED", "NONE"),
        {**review_by("gone", "APPROVED"), "user": None},
        review_by("cat", "CHANGES_REQUESTED", "OWNER"),
    ]
    reviews = forge.reviews(REPOSITORY, WANTED.head)
    assert [(each.author, each.approved, each.sha) for each in reviews] == [
        ("ann", True, SHA),
        ("cat", False, SHA),
    ]
    assert forge.reviews(REPOSITORY, "nothing-open") == []


def commit_by(login: str | None, email: str) -> dict[str, Any]:
    person = {"name": "A person", "email": email, "date": "2026-11-01T08:00:00Z"}
    told = {"message": "m", "author": person, "committer": person}
    user = {"login": login} if login else None
    return {"sha": SHA, "commit": told, "author": user, "committer": user}


def test_authors_are_who_opened_it_and_whoever_made_its_commits(github: GitHub, forge: GitHubForge) -> None:
    forge.open_or_refresh(WANTED)
    github.commits += [commit_by("ann", "ann@example.org"), commit_by(None, "ben@example.org")]
    assert forge.authors(REPOSITORY, WANTED.head) == ["ann", "ann@example.org", "ben@example.org", "opener"]
    assert forge.authors(REPOSITORY, "nothing-open") == []


def test_an_app_asks_for_its_installation_and_then_as_that_installation(github: GitHub, rsa_key: str) -> None:
    forge = forge_at(github, token="", app_id="12", private_key=rsa_key)
    forge.open_or_refresh(WANTED)
    forge.open_or_refresh(WANTED)
    paths = [request.path for request in github.requests]
    assert paths.count(f"/repos/{SLUG}/installation") == 1
    assert paths.count("/app/installations/7/access_tokens") == 1
    assert {request.authorization for request in github.requests if "/pulls" in request.path} == {
        "token ghs_of_7"
    }


@pytest.fixture(scope="module")
def rsa_key() -> str:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption()
    ).decode()


def test_a_key_that_is_none_is_an_error_that_does_not_show_it(github: GitHub) -> None:
    with pytest.raises(UserError) as caught:
        forge_at(github, token="", app_id="12", private_key="-----BEGIN hunter2").find_open(REPOSITORY, "x")
    assert caught.value.code == "github-app-key-invalid"
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize("sha", ["main", "../../../user", "", SHA.upper()])
def test_what_is_no_commit_is_never_asked_for(github: GitHub, forge: GitHubForge, sha: str) -> None:
    with pytest.raises(UserError):
        forge.checks(REPOSITORY, sha)
    assert github.requests == []


storable = st.text(st.characters(), max_size=400)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(title="T", body="a\nb")
@example(title="T", body="a\nb")
@given(title=storable.filter(lambda text: title_for(text).strip()), body=storable)
def test_whatever_the_text_the_second_call_changes_nothing(
    github: GitHub, forge: GitHubForge, title: str, body: str
) -> None:
    wanted = replace(WANTED, title=title, body=body)
    forge.open_or_refresh(wanted)
    written = len(github.writes())
    kept = github.pulls[0]["body"].replace("\r\n", "\n")  # an example may come twice
    github.pulls[0]["body"] = kept.replace("\n", "\r\n")  # as GitHub's editor saves it
    assert forge.open_or_refresh(wanted).changed is False
    assert len(github.writes()) == written


@given(text=st.text(st.characters(), max_size=50).map(lambda text: text * 3000))
def test_texts_fit_githubs_limits_and_fitting_twice_is_fitting_once(text: str) -> None:
    assert len(title_for(text)) <= TITLE_LIMIT
    assert len(body_for(text).encode("utf-16-le")) <= BODY_LIMIT * 2
    assert body_for(body_for(text)) == body_for(text)


def _post(url: str, body: dict[str, Any]) -> int:
    request = urllib.request.Request(  # noqa: S310 - a loopback address
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.slow
@pytest.mark.needs("node", "npm")
def test_prism_refuses_what_the_description_does_not_allow(tmp_path: Path) -> None:
    with through_prism(tmp_path) as proxied:
        _break_the_description(proxied)


def _break_the_description(proxied: GitHub) -> None:
    url = f"{proxied.public_url}/repos/{SLUG}/pulls"
    right = {"head": "a", "base": "main", "title": "x", "body": "", "draft": False}
    assert _post(url, right) == 201
    proxied.requests.clear()
    for wrong in ({**right, "title": 3}, {"title": "x"}, {**right, "draft": "yes"}):
        assert _post(url, wrong) == 422
    assert proxied.requests == [], "a wrong request goes no further"
    del proxied.shapes["pull"]["commits_url"]
    assert _post(url, {**right, "head": "b"}) == 500, "nor does a wrong answer"


@pytest.mark.slow
@pytest.mark.needs("node", "npm")
def test_the_mutations_are_ones_of_githubs_graphql_schema() -> None:
    with straight() as github:
        forge = forge_at(github)
        for draft in (False, True, False):
            forge.open_or_refresh(replace(WANTED, draft=draft))
        sent = [request.body for request in github.requests if request.path == "/graphql"]
    assert len(sent) == 2
    assert [prism.graphql_errors(body) for body in sent] == [[], []]
    wrong = {**sent[0], "variables": {"input": {"pullRequest": "1"}}}
    assert prism.graphql_errors(wrong) != []
