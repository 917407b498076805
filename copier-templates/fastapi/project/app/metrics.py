"""Prometheus metrics. Labels come from fixed sets: no caller can make them grow."""

import platform

from prometheus_client import GC_COLLECTOR, CollectorRegistry, Gauge, disable_created_metrics
from prometheus_client.process_collector import ProcessCollector
from prometheus_fastapi_instrumentator import Instrumentator
from prometheus_fastapi_instrumentator.metrics import Info, latency, requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Scope

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
UNMATCHED = "unmatched"


def route_of(scope: Scope) -> str:
    """The template of the route that answered, such as `/items/{item_id}`; `unmatched` if none did."""
    route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    if route is None and "endpoint" in scope:
        # Plain Starlette routes (/docs) and mounts leave no route in the scope.
        endpoint = scope["endpoint"]
        routes = scope["app"].routes
        route = next(
            (each for each in routes if endpoint in (getattr(each, "endpoint", None), getattr(each, "app", None))), None
        )
    return getattr(route, "path", UNMATCHED)


class RequestMetrics:
    """Counts and times requests with the instrumentator's own metric functions.

    The instrumentator's middleware is left out: it matches every route a second time to find what the
    router has already noted in the scope.

    Args:
        registry: where the metrics live; one per application.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        functions = (requests(registry=registry), latency(registry=registry, buckets=BUCKETS))
        self._functions = tuple(function for function in functions if function is not None)

    def observe(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        """Note one finished request."""
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        info = Info(Request(scope), None, method, route, str(status), seconds, seconds)
        for function in self._functions:
            function(info)


def expose(app: Starlette, service: str, version: str, environment: str) -> RequestMetrics:
    """Serve `/metrics` with build information, process figures and, once fed, request metrics."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # each counter would say when it began, as a second series
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(GC_COLLECTOR)
    Gauge(
        "service_build_info",
        "What runs here; always 1.",
        ("service", "version", "environment", "python"),
        registry=registry,
    ).labels(service, version, environment, platform.python_version()).set(1)
    Instrumentator(registry=registry).expose(app, include_in_schema=False)
    return RequestMetrics(registry)
