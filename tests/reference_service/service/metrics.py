"""Counters and a histogram in the Prometheus text format."""

import threading
from collections import Counter

from .config_provider import Settings

BUCKETS = (0.005, 0.05, 0.5, 5.0, float("inf"))
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """What is counted of the requests."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: Counter[tuple[str, str, float]] = Counter()
        self._seconds: Counter[tuple[str, str]] = Counter()

    def observe(self, method: str, handler: str, status: int, seconds: float) -> None:
        method = method if method in KNOWN_METHODS else "OTHER"
        with self._lock:
            self._requests[method, handler, status] += 1
            for bound in BUCKETS:
                self._buckets[method, handler, bound] += seconds <= bound
            self._seconds[method, handler] += seconds  # type: ignore[assignment]

    def render(self) -> str:
        name = "http_request_duration_seconds"
        s = self._settings
        lines = ["# TYPE http_requests_total counter"]
        with self._lock:
            for (method, handler, status), count in self._requests.items():
                labels = f'method="{method}",handler="{handler}",status="{status}"'
                lines.append(f"http_requests_total{{{labels}}} {count}")
            lines.append(f"# TYPE {name} histogram")
            for (method, handler), total in self._seconds.items():
                labels = f'method="{method}",handler="{handler}"'
                for bound in BUCKETS:
                    le = "+Inf" if bound == float("inf") else str(bound)
                    lines.append(
                        f'{name}_bucket{{{labels},le="{le}"}} {self._buckets[method, handler, bound]}'
                    )
                lines.append(f"{name}_sum{{{labels}}} {total}")
                lines.append(f"{name}_count{{{labels}}} {self._buckets[method, handler, BUCKETS[-1]]}")
        labels = f'service="{s.service}",version="{s.version}",environment="{s.environment}"'
        lines += [
            "# TYPE service_build_info gauge",
            f"service_build_info{{{labels}}} 1",
        ]
        return "\n".join(lines) + "\n"
