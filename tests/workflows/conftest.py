"""A service as a repository of its own, and the little GitHub that it lives in."""

from collections.abc import Iterator
from pathlib import Path

import copier
import pytest

from tests.support import git, platform_repository, run
from tests.workflows.advisories import advisories
from tests.workflows.runner import Hub


@pytest.fixture(scope="session")
def service(platform: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated service. Read-only by convention."""
    destination = tmp_path_factory.mktemp("service") / "user-profile"
    answers = {"owner": "@acme/profile", "platform_repository": "acme/platform"}
    copier.run_copy(str(platform), destination, answers, defaults=True, quiet=True)
    return destination


@pytest.fixture(scope="session")
def no_advisories() -> Iterator[str]:
    """The address of a database that knows no vulnerability."""
    with advisories({}) as address:
        yield address


@pytest.fixture(scope="session")
def created(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A platform and a service that `idp create` made in it. Read-only by convention."""
    folder = tmp_path_factory.mktemp("created")
    platform = platform_repository(folder / "platform")
    answers = ("-d", "owner=@acme/profile", "-d", "platform_repository=acme/platform")
    arguments = (
        "create",
        "service",
        "user-profile",
        "--platform",
        platform,
        "--output-dir",
        folder,
        *answers,
    )
    done = run("idp", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return platform, folder / "user-profile"


@pytest.fixture(scope="module")
def hub(created: tuple[Path, Path], no_advisories: str, tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """Holds acme/platform and acme/user-profile."""
    env = {"IMAGE_BUILD_FLAGS": "--network host", "OSV_URL": no_advisories}
    made = Hub(tmp_path_factory.mktemp("hub"), env)
    for repository, name in zip(created, ("acme/platform", "acme/user-profile"), strict=True):
        made.publish(repository, name)
        git("config", "uploadpack.allowAnySHA1InWant", "true", cwd=made.bare(name))
    return made
