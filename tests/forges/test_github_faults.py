"""What the GitHub forge makes of limits, outages and refusals, which only a server of one's own can show."""

import itertools
import logging
import time
from collections.abc import Callable, Iterator

import pytest

from idp.core.errors import AdapterError, IdpError, UserError
from idp.forges.github.forge import GitHubForge
from idp.forges.github.settings import GitHubSettings
from idp.forges.pull_request import PullRequest
from tests.forges.github_server import REPOSITORY, SLUG, Answer, GitHub, Request, refused, serving

TOKEN = "ghp_thisMustNeverBeSeen"  # noqa: S105 - no credential
WANTED = PullRequest(REPOSITORY, "idp/update", "main", "Update to v2", "What changed")
LIMIT = "API rate limit exceeded for installation ID 1."
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(GitHub()) as server:
        yield server


def forge_at(url: str, longest_wait: float = 5) -> GitHubForge:
    return GitHubForge(GitHubSettings(token=TOKEN, api_url=url, write_pause=0, longest_wait=longest_wait))


def first(count: int, make: Callable[[], Answer], method: str = "GET") -> Callable[[Request], Answer | None]:
    """A fault of the first requests of a method; the later ones are answered as ever."""
    numbers = itertools.count()
    return lambda request: make() if request.method == method and next(numbers) < count else None


def limited(status: int, message: str, **headers: str) -> Answer:
    answer = refused(status, message)
    answer.headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer


def reset_in(seconds: float) -> dict[str, str]:
    return {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(int(time.time() + seconds))}


def fails(github: GitHub, longest_wait: float = 5) -> IdpError:
    with pytest.raises(IdpError) as caught:
        forge_at(github.url, longest_wait).open_or_refresh(WANTED)
    return caught.value


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_limit_that_names_its_time_is_waited_for_and_the_request_repeated(
    github: GitHub, status: int, method: str
) -> None:
    github.faults.append(first(1, lambda: limited(status, SECONDARY, Retry_After="2"), method))
    started = time.monotonic()
    assert forge_at(github.url).open_or_refresh(WANTED).created
    assert 2 <= time.monotonic() - started < 10
    assert len(github.open_pulls()) == 1


@pytest.mark.parametrize("status", [403, 429])
def test_a_spent_limit_is_waited_for_until_its_reset(github: GitHub, status: int) -> None:
    github.faults.append(first(1, lambda: limited(status, LIMIT, **reset_in(1))))
    started = time.monotonic()
    assert forge_at(github.url).open_or_refresh(WANTED).created
    assert 1 <= time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("status", "message", "headers"),
    [
        (403, SECONDARY, {"Retry_After": "600"}),
        (429, SECONDARY, {"Retry_After": "600"}),
        (403, LIMIT, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "4000000000"}),
        (429, LIMIT, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "4000000000"}),
        (403, SECONDARY, {}),
        (429, "", {}),
        (429, "", {"Retry_After": "Fri, 31 Dec 2100 23:59:59 GMT"}),
        (429, "", {"Retry_After": "soon"}),
        (503, "", {"Retry_After": "600"}),
    ],
)
def test_a_longer_wait_than_allowed_is_an_error_at_once(
    github: GitHub, status: int, message: str, headers: dict[str, str]
) -> None:
    github.faults.append(first(99, lambda: limited(status, message, **headers)))
    started = time.monotonic()
    error = fails(github)
    assert time.monotonic() - started < 3
    assert (error.code, len(github.requests)) == ("github-rate-limited", 1)
    assert "again later" in error.hint


def test_waits_add_up_to_no_more_than_is_allowed(github: GitHub) -> None:
    github.faults.append(first(99, lambda: limited(429, SECONDARY, Retry_After="2")))
    started = time.monotonic()
    assert fails(github, longest_wait=5).code == "github-rate-limited"
    assert time.monotonic() - started < 8
    assert len(github.requests) == 3


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_outage_of_a_moment_is_bridged(github: GitHub, method: str) -> None:
    github.faults.append(first(2, lambda: Answer(502), method))
    assert forge_at(github.url).open_or_refresh(WANTED).created
    assert len(github.open_pulls()) == 1


def test_a_lasting_outage_is_an_error(github: GitHub) -> None:
    github.faults.append(first(99, lambda: Answer(500)))
    error = fails(github)
    assert error.code == "github-unavailable"
    assert 2 <= len(github.requests) <= 6


def test_a_creation_that_was_done_but_not_confirmed_is_found_again(github: GitHub) -> None:
    def create_and_fail(request: Request) -> Answer | None:
        if request.method == "POST" and not github.pulls:
            github.add(**{name: request.body[name] for name in ("head", "base", "title", "body", "draft")})
            return Answer(502)
        return None

    github.faults.append(create_and_fail)
    opened = forge_at(github.url).open_or_refresh(WANTED)
    assert (opened.number, opened.changed) == (1, False)
    assert len(github.pulls) == 1


def test_losing_the_race_to_open_one_refreshes_the_winners(github: GitHub) -> None:
    def somebody_is_quicker(request: Request) -> Answer | None:
        if request.method == "POST" and not github.pulls:
            github.add(WANTED.head, title="theirs")
        return None

    github.faults.append(somebody_is_quicker)
    opened = forge_at(github.url).open_or_refresh(WANTED)
    assert (opened.created, opened.changed) == (False, True)
    assert [pull["title"] for pull in github.pulls] == ["Update to v2"]


def test_one_that_exists_but_is_never_listed_is_an_error_after_a_bounded_time(
    github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.forges.github.forge._APPEARS_WITHIN", (0.0, 0.1))
    github.add(WANTED.head)
    github.hidden = 99
    assert fails(github).code == "github-pull-request-hidden"
    assert len(github.pulls) == 1


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (refused(401, "Bad credentials"), "github-credentials-refused", "expired"),
        (refused(401, "'Expiration time' claim too far"), "github-credentials-refused", "App"),
        (refused(403, "Resource not accessible by integration"), "github-forbidden", "pull requests: write"),
        (refused(404, "Not Found"), "github-not-found", "private repository"),
        (refused(410, "Gone"), "github-refused", ""),
        (refused(422, "Validation Failed", "base invalid"), "github-refused", "pushed"),
        (Answer(403, headers={"X-GitHub-SSO": "required; url=https://github.com/orgs/a/sso"}), "", "sso"),
        (Answer(200, b"<html>sign in</html>"), "github-answer-unreadable", "proxy"),
        (Answer(200, {"message": "sign in"}), "github-answer-unreadable", "proxy"),
        (Answer(200, ["sign in"]), "github-answer-unreadable", "proxy"),
        (Answer(200, [{"number": "one", "head": {"ref": 3}}]), "github-answer-unreadable", "proxy"),
    ],
)
def test_each_refusal_says_what_to_do(github: GitHub, answer: Answer, code: str, words: str) -> None:
    github.faults.append(lambda _: answer)
    error = fails(github)
    assert isinstance(error, AdapterError)
    assert error.code == (code or "github-forbidden")
    assert words.lower() in error.hint.lower()
    assert len(github.requests) == 1, "what will not change is not repeated"


def test_nothing_to_merge_is_said_in_githubs_words(github: GitHub) -> None:
    with pytest.raises(AdapterError, match="No commits between main and empty"):
        forge_at(github.url).open_or_refresh(PullRequest(REPOSITORY, "empty", "main", "x"))


def test_an_unreachable_server_is_an_error() -> None:
    with pytest.raises(AdapterError) as caught:
        forge_at("http://127.0.0.1:9", longest_wait=1).open_or_refresh(WANTED)
    assert caught.value.code == "github-unavailable"


@pytest.mark.parametrize("status", [401, 403, 404, 422, 429, 500])
def test_the_token_is_never_shown_nor_logged_even_if_the_server_repeats_it(
    github: GitHub, status: int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    github.faults.append(lambda _: refused(status, f"who is {TOKEN}?\x1b[31m", TOKEN))
    error = fails(github, longest_wait=1)
    everything = f"{error.message} {error.hint} {error!r} {caplog.text} {capfd.readouterr()}"
    assert github.requests[0].authorization == f"token {TOKEN}"
    assert TOKEN not in everything
    assert "\x1b" not in error.message


def test_a_repository_on_another_host_gets_no_credentials(github: GitHub) -> None:
    with pytest.raises(UserError) as caught:
        forge_at(github.url).find_open("https://github.evil.example/acme/user-profile", "x")
    assert caught.value.code == "github-other-host"
    assert github.requests == []


def test_a_next_page_on_another_host_is_not_followed(github: GitHub) -> None:
    with serving(GitHub()) as other:
        link = f'<{other.url}/repos/{SLUG}/pulls?page=2>; rel="next"'
        page = [github.shown(github.add(WANTED.head), "listed")]
        github.faults.append(lambda _: Answer(200, page, {"Link": link}))
        with pytest.raises(AdapterError):
            forge_at(github.url).list_open(REPOSITORY)
        assert other.requests == []
