"""What GitHub's refusals mean, and what to do about each. No credential ever gets into a message."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus

from github import GithubException
from github.GithubException import BadAttributeException, IncompletableObject, RateLimitExceededException
from requests.exceptions import RequestException

from idp.core.errors import AdapterError
from idp.core.text import safe
from idp.forges.addresses import HostedRepository

_LONGEST_QUOTE = 300
_GUIDE = "docs/how-to/connect-github.md lists the permissions."


@contextmanager
def explained(repository: HostedRepository, secrets: Sequence[str]) -> Iterator[None]:
    """Turn whatever the client raises into an AdapterError that says what to do next."""
    try:
        yield
    except RateLimitExceededException as error:
        raise _rate_limited(repository, error) from None
    except RequestException as error:
        told = str(error)
        limited = any(f"too many {status} error responses" in told for status in (403, 429))
        raise (_rate_limited(repository) if limited else _unavailable(repository, error)) from None
    except (
        IncompletableObject,
        BadAttributeException,
        AssertionError,
        ValueError,
        TypeError,
        KeyError,
    ) as error:
        # The client checks answers by assertions; a proxy's login page or a strange server fails them.
        raise AdapterError(
            "github-answer-unreadable",
            f"What answered for {repository} did not answer as GitHub does ({type(error).__name__}).",
            "Check IDP_GITHUB_API_URL and any proxy on the way.",
        ) from error
    except GithubException as error:
        raise refusal(repository, error, secrets) from None


def said(error: GithubException) -> str:
    """GitHub's own words: the message and those of the single errors, on one line."""
    data = error.data if isinstance(error.data, dict) else {}
    words = [str(data.get("message") or error.message or "")]
    words += [
        str(entry.get("message", "")) if isinstance(entry, dict) else str(entry)
        for entry in data.get("errors") or ()
    ]
    return " ".join(" ".join(filter(None, words)).split())


def refusal(repository: HostedRepository, error: GithubException, secrets: Sequence[str]) -> AdapterError:
    """The error for an answer of 400 or above."""
    code, meaning, hint = _MEANINGS.get(error.status, _OTHER if error.status < 500 else _BROKEN)  # noqa: PLR2004
    sso = {name.lower(): value for name, value in (error.headers or {}).items()}.get("x-github-sso", "")
    if "url=" in sso:
        hint = f"Authorise the token for the organisation's single sign-on: {sso.partition('url=')[2]}"
    quote = said(error)
    for secret in secrets:
        quote = quote.replace(secret, "…")
    quote = safe(quote[:_LONGEST_QUOTE])
    return AdapterError(
        code, f"{repository}: {meaning} ({error.status}{': ' if quote else ''}{quote}).", safe(hint)
    )


_MEANINGS: dict[int, tuple[str, str, str]] = {
    HTTPStatus.UNAUTHORIZED: (
        "github-credentials-refused",
        "GitHub does not accept the credentials",
        "The token expired or was revoked, or the key is not the App's: see docs/how-to/connect-github.md.",
    ),
    HTTPStatus.FORBIDDEN: (
        "github-forbidden",
        "the credentials do not allow this",
        f"Grant contents and pull requests: write, checks and commit statuses: read. {_GUIDE}",
    ),
    HTTPStatus.NOT_FOUND: (
        "github-not-found",
        "it does not exist, or the credentials may not see it",
        f"Check the address. A private repository has to be among those of the token or of the App. {_GUIDE}",
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: (
        "github-refused",
        "GitHub refused the request",
        "Check that the head branch is pushed, is ahead of the base branch, and that both exist.",
    ),
}
_OTHER = (
    "github-refused",
    "GitHub refused the request",
    "Read GitHub's message; run again with the cause removed.",
)
_BROKEN = (
    "github-unavailable",
    "GitHub has trouble",
    "See https://www.githubstatus.com and run it again later.",
)


def _rate_limited(
    repository: HostedRepository, error: RateLimitExceededException | None = None
) -> AdapterError:
    wait = getattr(error, "wait", None)
    told = f" and asks to wait {wait:.0f} s" if wait is not None else ""
    return AdapterError(
        "github-rate-limited",
        f"{repository}: GitHub limits how often these credentials may ask{told}.",
        "Run it again later: what is done stays done. A GitHub App has a larger limit than a person's token.",
    )


def _unavailable(repository: HostedRepository, error: Exception) -> AdapterError:
    return AdapterError(
        "github-unavailable",
        f"{repository}: GitHub cannot be reached ({type(error).__name__}).",
        "Check the network, the proxy and IDP_GITHUB_API_URL, then run it again.",
    )
