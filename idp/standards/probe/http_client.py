"""One HTTP request at a time to a service on this machine, with a limit on the whole of it."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from idp.standards.live.observation import Exchange

LOOPBACK = "127.0.0.1"
_MAX_HEADER = 8 * 1024


class Connection:
    """A connection to the service's port; not to be shared between threads."""

    def __init__(self, port: int, answer_seconds: float, body_bytes: int) -> None:
        self._http = http.client.HTTPConnection(LOOPBACK, port, timeout=answer_seconds)
        self._seconds = answer_seconds
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
        """Send a request and read the answer; never raises, whatever the service does."""
        limit = seconds or self._seconds
        sent = {**(headers or {})} | ({"X-Request-ID": request_id} if request_id is not None else {})
        started = time.monotonic()
        try:
            with self._deadline(limit):
                self._http.request(method, path, body=body, headers=sent)
                response = self._http.getresponse()
                content = response.read(self._body_bytes + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            elapsed = time.monotonic() - started
            reason = f"nothing whole within {limit:g} s" if elapsed >= limit else _reason(error)
            return Exchange(method, path, request_id, None, error=reason, seconds=elapsed)
        if len(content) > self._body_bytes:
            self.close()
            reason = f"an answer of more than {self._body_bytes} bytes"
            return Exchange(method, path, request_id, None, error=reason, seconds=time.monotonic() - started)
        found = tuple((name.lower(), value[:_MAX_HEADER]) for name, value in response.getheaders())
        return Exchange(
            method, path, request_id, response.status, found, content, "", time.monotonic() - started
        )

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        """Cut the connection when the time is over: socket timeouts alone never end a slow trickle."""
        if self._http.sock is None:
            self._http.timeout = seconds
            self._http.connect()
        sock = self._http.sock
        sock.settimeout(seconds)

        def cut() -> None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _reason(error: Exception) -> str:
    if isinstance(error, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError):
        return "the connection was closed"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    return f"{type(error).__name__}: {error}"[:200]
