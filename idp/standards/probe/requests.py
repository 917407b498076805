"""The requests that prove the contract, sent one after the other."""

import json
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import quote

from idp.core.http import LOOPBACK, Connection, Exchange
from idp.standards.live.metrics import UNUSUAL_METHODS
from idp.standards.live.observation import Canary
from idp.standards.probe.limits import ProbeLimits
from idp.standards.probe.listener import Listener

UNKNOWN_PATHS = 12
ELSEWHERE = "http://192.0.2.1/"
"""An address reserved for documentation (RFC 5737): nothing answers there."""
BAD_REQUEST_IDS = {
    "missing": None,
    "empty": "",
    "with a space": "two words",
    "with a semicolon": "a;b",
    "with a quote": 'a"b',
    "of 129 characters": "a" * 129,
    "not ASCII": "caf\u00e9",
}


def canary() -> str:
    """A made-up secret that occurs nowhere else."""
    return f"canary{secrets.token_hex(12)}"


@dataclass
class Prober:
    """Sends the probes over one connection at a time and keeps every exchange by name."""

    port: int
    limits: ProbeLimits
    token: str = field(default_factory=lambda: f"idp-check-{secrets.token_hex(6)}")
    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    canaries: list[Canary] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._connection = Connection(
            f"http://{LOOPBACK}:{self.port}", seconds=self.limits.answer, body_bytes=self.limits.body_bytes
        )
        self._until = time.monotonic() + self.limits.probing

    def close(self) -> None:
        self._connection.close()

    def send(
        self,
        name: str,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: object = None,
    ) -> Exchange:
        """Send a request with a valid ID of its own."""
        return self._send(name, method, path, f"{self.token}.{name}", headers, body)

    def _send(
        self,
        name: str,
        method: str,
        path: str,
        request_id: str | None,
        headers: dict[str, str] | None = None,
        body: object = None,
    ) -> Exchange:
        data = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        if time.monotonic() > self._until:
            exchange = Exchange(
                method, path, request_id, None, error="not sent: the time for probes was over"
            )
        else:
            exchange = self._connection.request(
                method, path, headers={**kind, **(headers or {})}, body=data, request_id=request_id
            )
        self.exchanges[name] = exchange
        return exchange

    def plant(self, place: str) -> str:
        """A new canary for a place."""
        value = canary()
        self.canaries.append(Canary(place, value))
        return value

    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{secrets.token_hex(8)}-01"

    def probe_all(self, listener: Listener) -> None:
        """Every probe of points 1 and 3 to 6, in an order in which none disturbs another."""
        self._probe_health()
        self._probe_request_ids()
        self._probe_errors()
        self._probe_outbound(listener)
        self._probe_dependency()
        self.send("metrics", "GET", "/metrics")
        self._probe_labels()

    def _probe_health(self) -> None:
        self.send("live", "GET", "/health/live")
        self.send("ready", "GET", "/health/ready")
        self.send("traced", "GET", "/health/live", headers={"traceparent": self.traceparent()})

    def _probe_request_ids(self) -> None:
        longest = f"{self.token}_".ljust(128, "x")
        self._send("id-longest", "GET", "/health/live", longest)
        for kind, value in BAD_REQUEST_IDS.items():
            self._send(f"id-bad-{kind}", "GET", "/health/live", value)

    def _probe_errors(self) -> None:
        headers = {
            "Authorization": f"Bearer {self.plant('the header Authorization')}",
            "Cookie": f"session={self.plant('the header Cookie')}",
        }
        query = f"token={self.plant('the query')}"
        self.send("not-found", "GET", f"/{self.token}/unknown?{query}", headers=headers)
        self.send("wrong-method", "DELETE", "/health/live")
        self.send("echo", "POST", "/contract-probe/echo", headers=headers, body={"value": 7})
        secret = self.plant("the body")
        self.send("invalid", "POST", "/contract-probe/echo", body={"value": secret, "password": secret})
        self.send("error", "GET", f"/contract-probe/error?{query}", headers=headers)
        self.send("slow", "GET", "/contract-probe/slow?seconds=0")

    def _probe_outbound(self, listener: Listener) -> None:
        url = quote(f"{listener.url}?token={self.plant('the query of an outgoing request')}", safe="")
        path = f"/contract-probe/outbound?url={url}"
        self.send("outbound", "GET", path, headers={"traceparent": self.traceparent()})
        self.send("outbound-elsewhere", "GET", f"/contract-probe/outbound?url={quote(ELSEWHERE, safe='')}")

    def _probe_dependency(self) -> None:
        self.send("dependency", "PUT", "/contract-probe/dependency?state=failed")
        self.send("ready-failed", "GET", "/health/ready")
        self.send("live-failed", "GET", "/health/live")
        self.send("dependency-recovered", "PUT", "/contract-probe/dependency?state=ok")
        self.send("ready-again", "GET", "/health/ready")

    def _probe_labels(self) -> None:
        for number in range(UNKNOWN_PATHS):
            self.send(f"path-{number}", "GET", f"/{self.token}-{number}/{secrets.token_hex(4)}")
        self.send("metrics-paths", "GET", "/metrics")
        for method in UNUSUAL_METHODS:
            self.send(f"method-{method}", method, "/health/live")
        self.send("metrics-methods", "GET", "/metrics")
