"""The service's HTTP client: one for the process, with time limits, passing the request's identity on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.request_context import current

if TYPE_CHECKING:
    import httpx


async def _pass_identity_on(request: httpx.Request) -> None:
    context = current.get()
    if context is not None:
        request.headers["X-Request-ID"] = context.request_id
        request.headers["traceparent"] = context.traceparent()


class HttpClient:
    """Makes the client when it is first needed: a service that calls nobody starts faster.

    Args:
        service: name for the User-Agent header.
        timeout_seconds: limit for each of connecting, sending, waiting for data and waiting for a connection.
    """

    def __init__(self, service: str, timeout_seconds: float) -> None:
        self._service = service
        self._timeout_seconds = timeout_seconds
        self._client: httpx.AsyncClient | None = None

    def get(self) -> httpx.AsyncClient:
        """The client; do not close it."""
        if self._client is None:
            import httpx  # noqa: PLC0415 - costs a fifth of the start

            self._client = httpx.AsyncClient(
                timeout=self._timeout_seconds,
                headers={"User-Agent": self._service},
                event_hooks={"request": [_pass_identity_on]},
                trust_env=False,
            )
        return self._client

    async def aclose(self) -> None:
        """Close the connections, if there are any."""
        if self._client is not None:
            await self._client.aclose()
