"""One generated service of each template per session, installed once; FastAPI's runs for tests that only ask it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import run
from tests.templates import fastapi_service, spring_service
from tests.templates.fastapi_service import Service


@pytest.fixture(scope="session")
def fastapi(platform: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh, installed service. Copy it to change it."""
    service = fastapi_service.render(platform, tmp_path_factory.mktemp("fastapi") / fastapi_service.NAME)
    done = run("make", "install", cwd=service)
    assert done.returncode == 0, done.stderr
    return service


@pytest.fixture(scope="session")
def service(fastapi: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, running with the contract probe. A test must leave it as it was."""
    with fastapi_service.running(fastapi, tmp_path_factory.mktemp("running")) as running:
        yield running


@pytest.fixture(scope="session")
def spring(platform: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh, built Spring Boot service. Copy its sources to change them; its tests are in xdist group `spring`."""
    service = spring_service.render(platform, tmp_path_factory.mktemp("spring") / spring_service.NAME)
    return spring_service.install(service)
