"""A database of known vulnerabilities that answers as OSV's does, with what a test puts into it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def advisories(known: dict[tuple[str, str], str]) -> Iterator[str]:
    """Serve advisories (package and version → identifier) on a free loopback port; yields the address to query."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name, version = query["package"]["name"].lower(), query["version"]
            identifier = known.get((name, version))
            body = json.dumps({"vulns": [_advisory(identifier, name)]} if identifier else {}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the test's output is the run's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _advisory(identifier: str, package: str) -> dict[str, object]:
    events = [{"introduced": "0"}, {"fixed": "999"}]
    affected = {
        "package": {"name": package, "ecosystem": "PyPI"},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    return {
        "id": identifier,
        "summary": "seeded",
        "details": "seeded",
        "modified": "2026-01-01T00:00:00Z",
        "published": "2026-01-01T00:00:00Z",
        "aliases": [],
        "affected": [affected],
    }
