"""The application: what it serves, wired together once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app import health, metrics, problems
from app.config_provider import Configuration
from app.http_client import HttpClient
from app.items import InMemoryItems, add_item_routes
from app.lifecycle import Lifecycle
from app.middleware import RequestMiddleware
from app.settings import Settings


def create_app(configuration: Configuration[Settings], lifecycle: Lifecycle | None = None) -> RequestMiddleware:
    """Build the application.

    Args:
        configuration: what to run with. What is read here holds until the next start; handlers that read
            `request.app.state.configuration.current` see each reload.
        lifecycle: the process's stage of life, shared with the server.

    Returns:
        The ASGI application, complete with its middleware.
    """
    settings = configuration.current
    lifecycle = lifecycle or Lifecycle()
    client = HttpClient(settings.service_name, settings.http_timeout_seconds)
    readiness = health.Readiness(lifecycle)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await client.aclose()

    app = FastAPI(
        title=settings.service_name,
        description=settings.service_description,
        version=settings.service_version,
        lifespan=lifespan,
        responses=problems.response_docs(422, 500),
        redirect_slashes=False,
        redoc_url=None,
    )
    app.state.configuration = configuration
    app.state.http_client = client
    app.state.readiness = readiness
    problems.install(app)
    # Routes go straight to the application's router: FastAPI matches an included router twice per request.
    add_item_routes(app.router, InMemoryItems())  # the example; delete app/items and tests/items with it
    health.add_routes(app.router, readiness)
    request_metrics = metrics.expose(app, settings.service_name, settings.service_version, settings.environment)
    if settings.contract_probe:
        from app import contract_probe  # noqa: PLC0415 - not even loaded elsewhere

        app.include_router(contract_probe.build_router(readiness, client))
    return RequestMiddleware(app, request_metrics, lifecycle, settings.max_body_bytes)
