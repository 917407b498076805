"""Flood a service while it is told to stop, the way a load balancer would."""

import signal
import threading
import time
from dataclasses import dataclass, field

from idp.core.http import LOOPBACK, Connection, Exchange
from idp.standards.live.observation import Drain
from idp.standards.probe.limits import ProbeLimits
from idp.standards.probe.service import RunningService
from idp.standards.probe.survivors import survivors

READY = "/health/ready"
TRAFFIC = "/health/live"
_WORKERS = 4
_PAUSE_SECONDS = 0.02
_PROBE_SECONDS = 1.0
_PROBES_BEFORE_SIGNAL = 2
_MOST_KEPT = 20
_OK = 200
_BODY_BYTES = 65_536


def _connection(port: int, limits: ProbeLimits) -> Connection:
    return Connection(f"http://{LOOPBACK}:{port}", seconds=limits.answer, body_bytes=_BODY_BYTES)


@dataclass
class Balancer:
    """Sends requests over several connections until ready, probed every second, is not 200."""

    port: int
    limits: ProbeLimits
    token: str
    stop: threading.Event = field(default_factory=threading.Event)
    probed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    signalled: float | None = None
    sent: int = 0
    sent_after: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    ready: list[tuple[float, int | None]] = field(default_factory=list)
    served_while_draining: int | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def watch(self) -> None:
        """Probe ready until it is not 200; see whether new connections are served, and stop."""
        while not self.stop.is_set():
            status = self._ask(READY)
            self.ready.append((self._since_signal(), status))
            self.probed.release()
            if status != _OK:
                self.served_while_draining = self._ask(TRAFFIC)
                if status is None:
                    self.meet_nobody()
                self.stop.set()
                self.probed.release(_PROBES_BEFORE_SIGNAL)
                return
            self.stop.wait(_PROBE_SECONDS)

    def meet_nobody(self) -> None:
        """Count the request that a balancer sends to a service that went without having said that it would."""
        connection = _connection(self.port, self.limits)
        self._record(connection.request("GET", TRAFFIC, request_id=f"{self.token}.flood"), after=True)
        connection.close()

    def _ask(self, path: str) -> int | None:
        """The status of a GET on a new connection, None if there is no answer in time."""
        connection = _connection(self.port, self.limits)
        try:
            return connection.request("GET", path, request_id=f"{self.token}.balancer").status
        finally:
            connection.close()

    def _since_signal(self) -> float:
        return -1.0 if self.signalled is None else time.monotonic() - self.signalled

    def work(self, *, keep_alive: bool) -> None:
        """Send one request after the other, on one connection or on a new one each time."""
        connection = _connection(self.port, self.limits)
        while not self.stop.is_set():
            after = self.signalled is not None
            self._record(connection.request("GET", TRAFFIC, request_id=f"{self.token}.flood"), after=after)
            if not keep_alive:
                connection.close()
            time.sleep(_PAUSE_SECONDS)
        connection.close()

    def _record(self, exchange: Exchange, *, after: bool) -> None:
        with self._lock:
            self.sent += 1
            self.sent_after += after
            if exchange.status != _OK:
                self.failed += 1
                if len(self.failures) < _MOST_KEPT:
                    self.failures.append(f"GET {TRAFFIC}: {exchange.outcome}")


def observe_drain(service: RunningService, token: str, *, has_slow_route: bool) -> Drain | None:
    """Flood, send SIGTERM, and wait for the end; None if the service had ended before the signal.

    The IDs of the requests begin with the token.
    """
    limits = service.limits
    balancer = Balancer(service.port, limits, token)
    threads = [threading.Thread(target=balancer.watch, daemon=True)]
    threads += [
        threading.Thread(target=balancer.work, kwargs={"keep_alive": number % 2 == 0}, daemon=True)
        for number in range(_WORKERS)
    ]
    in_flight: list[Exchange] = []
    if has_slow_route:
        threads.append(threading.Thread(target=_send_slow, args=(service, token, in_flight), daemon=True))
    for thread in threads:
        thread.start()
    # Right after a probe: so the balancer learns of the drain as late as it can, a second later.
    for _ in range(_PROBES_BEFORE_SIGNAL):
        balancer.probed.acquire(timeout=limits.answer + _PROBE_SECONDS)
    if service.child.poll() is not None:
        balancer.stop.set()
        return None
    balancer.signalled = time.monotonic()
    service.child.send_signal(signal.SIGTERM)
    allowed = limits.drain + limits.grace + limits.slack
    exit_seconds = service.wait_for_exit(allowed)
    if exit_seconds is not None and not balancer.stop.is_set():
        balancer.meet_nobody()
    balancer.stop.set()
    for thread in threads:
        thread.join(timeout=limits.answer + 1.0)
    return _drain(service, balancer, in_flight, exit_seconds, has_slow_route=has_slow_route)


def _drain(
    service: RunningService,
    balancer: Balancer,
    in_flight: list[Exchange],
    exit_seconds: float | None,
    *,
    has_slow_route: bool,
) -> Drain:
    limits = service.limits
    unfinished = Exchange("GET", "/contract-probe/slow", None, None, error="it was never answered")
    return Drain(
        ready=tuple(balancer.ready),
        sent=balancer.sent,
        sent_after=balancer.sent_after,
        failures=tuple(balancer.failures) + ("…",) * (balancer.failed - len(balancer.failures)),
        served_while_draining=balancer.served_while_draining,
        in_flight=(in_flight[0] if in_flight else unfinished) if has_slow_route else None,
        exit_seconds=exit_seconds,
        allowed_seconds=limits.drain + limits.grace + limits.slack,
        left_over=_left_over(service) if exit_seconds is not None else (),
    )


def _send_slow(service: RunningService, token: str, results: list[Exchange]) -> None:
    """A request that is still under way when the drain is over and the listener is closed."""
    limits = service.limits
    connection = _connection(service.port, limits)
    seconds = _PROBES_BEFORE_SIGNAL * _PROBE_SECONDS + limits.drain
    path = f"/contract-probe/slow?seconds={seconds:g}"
    given = seconds + limits.grace
    results.append(connection.request("GET", path, request_id=f"{token}.slow-drain", seconds=given))
    connection.close()


def _left_over(service: RunningService) -> tuple[str, ...]:
    """What still runs a second after the service ended."""
    until = time.monotonic() + 1.0
    while found := survivors(service.child.pid, service.marker):
        if time.monotonic() >= until:
            break
        time.sleep(0.1)
    return tuple(sorted(found.values()))[:_MOST_KEPT]
