"""One request: identify it, route it, answer it, log it, count it."""

import ipaddress
import json
import re
import secrets
import time
import traceback
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .application import Application
from .logs import CONTEXT

REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
TITLES = {400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 422: "Unprocessable Content",
          500: "Internal Server Error", 503: "Service Unavailable"}  # fmt: skip


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """An answer other than success."""

    def __init__(self, status: int, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.status, self.detail, self.members = status, detail, members


class Handler(BaseHTTPRequestHandler):
    """Serves every method through one door."""

    protocol_version = "HTTP/1.1"
    application: Application

    def log_message(self, *_args: object) -> None:
        """The access line is written by `serve`."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def serve(self) -> None:
        started = time.monotonic()
        path = urlsplit(self.path).path
        request_id = self.headers.get("X-Request-ID", "")
        if not REQUEST_ID.fullmatch(request_id):
            request_id = secrets.token_hex(16)
        trace = TRACEPARENT.fullmatch(self.headers.get("traceparent", ""))
        trace_id = trace[1] if trace else secrets.token_hex(16)
        CONTEXT.set({"request_id": request_id, "trace_id": trace_id})
        route = path if path in self.application.routes else "unmatched"
        with self.application.request_under_way():
            status = self._answer(path)
            seconds = time.monotonic() - started
            self.application.metrics.observe(self.command, route, status, seconds)
            fields = {"method": self.command, "route": route, "status": status}
            self.application.log.write("info", "request", duration_ms=seconds * 1000, **fields)
        CONTEXT.set({})

    def _answer(self, path: str) -> int:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        try:
            status, payload = self._route(path, body)
            return self._send(status, payload, "application/json")
        except Problem as problem:
            return self._problem(path, problem)
        except Exception as error:  # noqa: BLE001 - the outermost boundary
            exception = {
                "type": type(error).__name__,
                "message": str(error),
                "stacktrace": traceback.format_exc(),
            }
            self.application.log.write("error", "unhandled exception", exception=exception)
            return self._problem(path, Problem(500, "The request could not be processed."))

    def _problem(self, path: str, problem: Problem) -> int:
        context = CONTEXT.get({})
        document = {
            "type": "about:blank",
            "title": TITLES[problem.status],
            "status": problem.status,
            "detail": problem.detail,
            "instance": path,
            "request_id": context.get("request_id", ""),
            **problem.members,
        }
        return self._send(problem.status, document, "application/problem+json")

    def _send(self, status: int, payload: object, kind: str) -> int:
        data = payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("X-Request-ID", CONTEXT.get({}).get("request_id", ""))
        if status != 204:  # noqa: PLR2004
            self.send_header(
                "Content-Type",
                "text/plain; version=0.0.4" if isinstance(payload, str) else kind,
            )
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if status != 204:  # noqa: PLR2004
            self.wfile.write(data)
        return status

    def _route(self, path: str, body: bytes) -> tuple[int, object]:
        wanted = self.application.routes.get(path)
        if wanted is None:
            raise Problem(404, "There is nothing at this path.")
        if self.command != wanted:
            raise Problem(405, "This path does not have that method.")
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        name = path.strip("/").replace("/", "_").replace("-", "_")
        return getattr(self, f"_{name}")(query, body)  # type: ignore[no-any-return]

    def _health_live(self, _query: dict[str, str], _body: bytes) -> tuple[int, object]:
        return 200, {"status": "live"}

    def _health_ready(self, _query: dict[str, str], _body: bytes) -> tuple[int, object]:
        application = self.application
        if application.draining.is_set():
            raise Problem(503, "draining", checks={})
        checks = {"contract-probe": "failed: on request"} if application.dependency_failed else {}
        if checks:
            raise Problem(503, "A dependency failed.", checks=checks)
        return 200, {"status": "ready", "checks": {"contract-probe": "ok"}}

    def _metrics(self, _query: dict[str, str], _body: bytes) -> tuple[int, object]:
        return 200, self.application.metrics.render()

    def _contract_probe_error(self, _query: dict[str, str], _body: bytes) -> tuple[int, object]:
        raise RuntimeError("the contract probe asked for it")

    def _contract_probe_slow(self, query: dict[str, str], _body: bytes) -> tuple[int, object]:
        time.sleep(min(float(query.get("seconds", "0")), 30.0))
        return 200, {"status": "done"}

    def _contract_probe_outbound(self, query: dict[str, str], _body: bytes) -> tuple[int, object]:
        url = urlsplit(query.get("url", ""))
        if url.scheme != "http" or not ipaddress.ip_address(url.hostname or "::").is_loopback:
            raise Problem(400, "The URL must be http on a loopback address.")
        context = CONTEXT.get({})
        headers = {
            "X-Request-ID": context["request_id"],
            "traceparent": f"00-{context['trace_id']}-{secrets.token_hex(8)}-01",
        }
        request = urllib.request.Request(query["url"], headers=headers)  # noqa: S310 - checked above
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
            return 200, {"status": response.status}

    def _contract_probe_dependency(self, query: dict[str, str], _body: bytes) -> tuple[int, object]:
        self.application.dependency_failed = query.get("state") == "failed"
        return 204, {}

    def _contract_probe_echo(self, _query: dict[str, str], body: bytes) -> tuple[int, object]:
        try:
            value = json.loads(body)["value"]
        except (ValueError, KeyError, TypeError):
            value = None
        if not isinstance(value, int) or isinstance(value, bool):
            errors = [{"location": "body.value", "message": "It must be an integer."}]
            raise Problem(422, "The body is invalid.", errors=errors)
        return 200, {"value": value}
