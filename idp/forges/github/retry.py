"""Waits as GitHub asks for, but never longer than was allowed.

urllib3 sleeps for any `Retry-After`, and PyGithub bounds its other waits one at a time only, for 403 alone.
"""

import math
import time
from http import HTTPStatus
from typing import Any, Self

from github import GithubRetry
from github.GithubException import RateLimitExceededExceedsMaxWait
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

_ATTEMPTS, _CONNECTION_ATTEMPTS = 4, 2  # 7 s and 1 s of pauses: a fleet must not hang on a dead network
_LIMITED = (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
_UNNAMED_WAIT = 60.0
"""Seconds: what GitHub asks for where it names no time."""


class BoundedRetry(GithubRetry):
    """Retries 5xx, and rate limits (403 and 429) after the time that the response names.

    Args:
        longest_wait: seconds, all waits of one request together.
        settings: urllib3's own.
    """

    def __init__(self, longest_wait: float, **settings: Any) -> None:  # noqa: ANN401 - urllib3's
        settings.setdefault("total", _ATTEMPTS)
        settings.setdefault("connect", _CONNECTION_ATTEMPTS)
        settings.setdefault("backoff_factor", 0.5)
        settings.setdefault("status_forcelist", [*range(500, 600), *_LIMITED])
        settings.setdefault("allowed_methods", {*Retry.DEFAULT_ALLOWED_METHODS, "POST", "PATCH"})
        settings |= {"secondary_rate_wait": _UNNAMED_WAIT, "max_rate_limit_wait": longest_wait}
        super().__init__(**settings)
        self.longest_wait = longest_wait

    def new(self, **settings: Any) -> Self:  # noqa: ANN401
        return super().new(longest_wait=self.longest_wait, **settings)

    def increment(  # type: ignore[override] # urllib3 and PyGithub disagree on the response's type
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        *rest: Any,  # noqa: ANN401
        **named: Any,  # noqa: ANN401
    ) -> Retry:
        wait = self._asked_wait(response)
        if response is not None and wait is not None:
            if wait > self.longest_wait:
                raise RateLimitExceededExceedsMaxWait(response.status, {}, dict(response.headers), wait=wait)
            # From here on urllib3 does the waiting, whichever header the time came from.
            response.headers["Retry-After"] = str(math.ceil(wait))
        following = super().increment(method, url, response, *rest, **named)  # type: ignore[arg-type]
        if isinstance(following, BoundedRetry):
            spent = following.get_backoff_time() if wait is None else wait
            following.longest_wait = max(self.longest_wait - spent, 0)
            following.max_rate_limit_wait = following.longest_wait
        return following

    def _asked_wait(self, response: BaseHTTPResponse | None) -> float | None:
        """Seconds to wait by a response's headers, None if it names none."""
        if response is None:
            return None
        asked, reset = response.headers.get("Retry-After"), response.headers.get("X-RateLimit-Reset", "")
        if asked is not None:
            try:
                return max(self.parse_retry_after(asked) or 0, 0)
            except InvalidHeader:
                return _UNNAMED_WAIT
        if response.status not in _LIMITED:
            return None
        if response.headers.get("X-RateLimit-Remaining") == "0" and reset.isdigit():
            return max(float(reset) - time.time(), 0) + 1  # the limit ends somewhere in that second
        return _UNNAMED_WAIT if response.status == HTTPStatus.TOO_MANY_REQUESTS else None
