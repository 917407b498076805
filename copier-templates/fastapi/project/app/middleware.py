"""The one middleware, wrapped around the whole application so that no response escapes it."""

from time import perf_counter

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import request_context
from app.lifecycle import Lifecycle
from app.logs import get_logger
from app.metrics import RequestMetrics, route_of

BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


def _limited(receive: Receive, max_bytes: int) -> Receive:
    received = 0

    async def receive_limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > max_bytes:
            raise HTTPException(413, f"A body may have {max_bytes} bytes at most.")
        return message

    return receive_limited


class RequestMiddleware:
    """Gives each request its identity, and one access line and one measurement at its end.

    Args:
        app: the application to wrap.
        metrics: where requests are counted.
        lifecycle: tells whether the process drains; connections are then closed after each response.
        max_body_bytes: a longer request body is answered with 413.
    """

    def __init__(self, app: ASGIApp, metrics: RequestMetrics, lifecycle: Lifecycle, max_body_bytes: int) -> None:
        self._app = app
        self._metrics = metrics
        self._lifecycle = lifecycle
        self._max_body_bytes = max_body_bytes
        self._access = get_logger("app.access").bind()
        self._errors = get_logger("app.errors")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        context = request_context.from_headers(scope["headers"])
        token = request_context.current.set(context)
        status = 500
        if scope["method"] not in BODILESS:
            receive = _limited(receive, self._max_body_bytes)

        async def send_identified(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), (b"x-request-id", context.request_id.encode())]
                if self._lifecycle.draining:
                    headers.append((b"connection", b"close"))
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, send_identified)
        except Exception:  # noqa: BLE001 - answered already (app/problems.py); it goes no further than the log
            self._errors.error("unhandled exception", exc_info=True)
        finally:
            seconds = perf_counter() - started
            route = route_of(scope)
            self._metrics.observe(scope, route, status, seconds)
            self._access.info(
                "request", method=scope["method"], route=route, status=status, duration_ms=round(seconds * 1000, 3)
            )
            request_context.current.reset(token)
