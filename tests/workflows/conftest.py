"""A service as a repository of its own, for what judges its workflows."""

from pathlib import Path

import copier
import pytest


@pytest.fixture(scope="session")
def service(platform: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated service. Read-only by convention."""
    destination = tmp_path_factory.mktemp("service") / "user-profile"
    answers = {"owner": "@acme/profile", "platform_repository": "acme/platform"}
    copier.run_copy(str(platform), destination, answers, defaults=True, quiet=True)
    return destination
