"""One HTTP request at a time, with a limit on the whole answer. Follows no redirect, no proxy setting, never raises."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
MAX_BODY_BYTES = 4 * 1024 * 1024
_MAX_HEADER = 8 * 1024


@dataclass(frozen=True)
class Exchange:
    """One request and what came back.

    Attributes:
        request_id: the X-Request-ID that was sent, None if none was.
        status: None if there was no answer, or not a whole one within the limits.
        headers: names in lower case.
        body: at most the limit's bytes.
        error: why there is no answer; empty where there is.
        seconds: from the first byte sent to the last one read.
    """

    method: str
    path: str
    request_id: str | None
    status: int | None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    error: str = ""
    seconds: float = 0.0

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name.lower()), None)

    @cached_property
    def json(self) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """The body as JSON, None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def mapping(self) -> dict[str, Any]:
        """The body's JSON object, else an empty one."""
        return self.json if isinstance(self.json, dict) else {}

    @property
    def outcome(self) -> str:
        """The status, or why there is none, in words."""
        return f"status {self.status}" if self.status is not None else f"no answer ({self.error})"


class Connection:
    """A connection to one server; not to be shared between threads."""

    def __init__(self, address: str, *, seconds: float, body_bytes: int = MAX_BODY_BYTES) -> None:
        """Connect when the first request is sent.

        Args:
            address: `http://<host>:<port>`, with the path below which the server's paths are, if there is one.
            seconds: limit of each request, from connecting to the last byte of the answer.
            body_bytes: a longer body is an error.
        """
        base = urlsplit(address)
        self._http = http.client.HTTPConnection(base.hostname or "", base.port or 80, timeout=seconds)
        self._base = base.path.rstrip("/")
        self._seconds = seconds
        self._body_bytes = body_bytes

    def close(self) -> None:
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        request_id: str | None = None,
        seconds: float | None = None,
    ) -> Exchange:
        """Send a request and read the whole answer; never raises, whatever the server does.

        Args:
            method: in capitals.
            path: starts with a slash.
            headers: sent as they are.
            body: sent as it is.
            request_id: sent as X-Request-ID.
            seconds: a limit of its own.
        """
        limit = seconds or self._seconds
        sent = {**(headers or {})} | ({"X-Request-ID": request_id} if request_id is not None else {})
        started = time.monotonic()
        try:
            with self._deadline(limit):
                self._http.request(method, self._base + path, body=body, headers=sent)
                response = self._http.getresponse()
                expected = response.length
                content = response.read(self._body_bytes + 1)
            self._refuse_partial(content, expected)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            elapsed = time.monotonic() - started
            reason = f"no complete answer within {limit:g} s" if elapsed >= limit else _reason(error)
            return Exchange(method, path, request_id, None, error=reason, seconds=elapsed)
        found = tuple((name.lower(), value[:_MAX_HEADER]) for name, value in response.getheaders())
        elapsed = time.monotonic() - started
        return Exchange(method, path, request_id, response.status, found, content, "", elapsed)

    def _refuse_partial(self, content: bytes, expected: int | None) -> None:
        """Raise for a body that is too long or was cut off: `read` with a limit does not tell."""
        if len(content) > self._body_bytes:
            raise _UnusableBodyError(f"an answer of more than {self._body_bytes} bytes")
        if expected is not None and len(content) < expected:
            raise _UnusableBodyError(f"the connection was closed after {len(content)} of {expected} bytes")

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        """Cut the connection when the time is over: socket timeouts alone never end a slow trickle."""
        if self._http.sock is None:
            self._http.timeout = seconds
            self._http.connect()
        sock = self._http.sock
        sock.settimeout(seconds)
        over = threading.Event()

        def cut() -> None:
            over.set()
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        if over.is_set():  # a body that ends with its connection looks complete when it is cut
            raise TimeoutError


def get(address: str, path: str, *, request_id: str | None = None, seconds: float = 5.0) -> Exchange:
    """Send one GET on a connection of its own; see `Connection`."""
    connection = Connection(address, seconds=seconds)
    try:
        return connection.request("GET", path, headers={"Connection": "close"}, request_id=request_id)
    finally:
        connection.close()


class _UnusableBodyError(ValueError):
    """The body is not the whole of what the server announced, or too long."""


def _reason(error: Exception) -> str:
    if isinstance(error, _UnusableBodyError):
        return str(error)
    if isinstance(error, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError):
        return "the connection was closed"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    return f"{type(error).__name__}: {error}"[:200]
