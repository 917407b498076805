"""What the tests share: an application of their own, and a client that calls it without a network."""

import json
import logging
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest
import structlog

from app import logs
from app.config_provider import Configuration
from app.lifecycle import Lifecycle
from app.main import create_app
from app.middleware import RequestMiddleware
from app.settings import Settings


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def log_output() -> Iterator[BytesIO]:
    """What the service logs, configured as it configures itself."""
    output, hook = BytesIO(), sys.excepthook
    logs.configure("test", "1.2.3", "local", output=output).hide(['s3"cret-é', "abc"])
    structlog.configure(cache_logger_on_first_use=False)
    yield output
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    logging.getLogger().handlers.clear()
    sys.excepthook = hook
    threading.excepthook = threading.__excepthook__


@pytest.fixture
def settings() -> Settings:
    """Settings that no environment and no file can change."""
    return Settings(service_name="test", service_version="1.2.3", contract_probe=True)


@pytest.fixture
def lifecycle() -> Lifecycle:
    return Lifecycle()


@pytest.fixture
def app(settings: Settings, lifecycle: Lifecycle) -> RequestMiddleware:
    return create_app(Configuration(lambda: settings), lifecycle)


@pytest.fixture
async def client(app: RequestMiddleware) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
def log_lines(log_output: BytesIO) -> Callable[[], list[dict[str, Any]]]:
    """Gives every line logged so far, parsed."""
    return lambda: [json.loads(line) for line in log_output.getvalue().splitlines()]
