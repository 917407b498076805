"""The smallest service that keeps the contract, and breaks one promise of it on request."""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAULT = os.environ.get("FAULT", "")
VERSION = os.environ["SERVICE_VERSION"]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = self.answer()
        content = body.encode()
        self.send_response(status)
        if FAULT != "no-request-id":
            self.send_header("X-Request-ID", self.headers.get("X-Request-ID", "none"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def answer(self) -> tuple[int, str]:
        if self.path == "/health/live":
            return 200, '{"status": "live"}'
        if self.path == "/health/ready":
            if FAULT == "never-ready":
                return 503, json.dumps({"status": 503, "checks": {"database": "failed: no route to host"}})
            if FAULT == "crashes-when-ready":
                threading.Timer(0.5, os._exit, (4,)).start()
            return 200, '{"status": "ready", "checks": {}}'
        if self.path == "/metrics":
            version = "9.9.9" if FAULT == "other-version" else VERSION
            return (
                200,
                f'# TYPE service_build_info gauge\nservice_build_info{{service="s",version="{version}"}} 1.0\n',
            )
        if self.path == "/greeting":
            greeting = os.environ.get("GREETING", "hello")
            return (
                (500, "")
                if FAULT == "smoke-fails"
                else (200, json.dumps({"greeting": greeting, "version": VERSION}))
            )
        return 404, ""

    def log_message(self, *_: object) -> None:
        pass


if FAULT == "crashes":
    sys.exit("SETTING is missing")
server = ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Handler)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
server.serve_forever()
