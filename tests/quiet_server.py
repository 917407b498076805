"""An HTTP server whose clients may hang up without a word on stderr, which another test may be listening to."""

from http.server import ThreadingHTTPServer


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""
