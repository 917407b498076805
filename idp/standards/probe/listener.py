"""A tiny HTTP server on the loopback address that records what the service sends to it."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_MOST = 20


class Listener(http.server.ThreadingHTTPServer):
    """Answers every GET with 200 and keeps the headers of the first requests."""

    daemon_threads = True

    def __init__(self) -> None:
        self.received: list[dict[str, str]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/idp-check"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Listener
    timeout = 5

    def do_GET(self) -> None:
        if len(self.server.received) < _MOST:
            self.server.received.append({name.lower(): value[:1024] for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Nothing is written about requests."""


@contextmanager
def listening() -> Iterator[Listener]:
    """A listener for as long as the block runs."""
    server = Listener()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
