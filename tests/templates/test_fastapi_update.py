"""A FastAPI service with edits in ten places, brought from every version of its template to every later one."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from idp.templates import store as template_store
from tests.command_line import idp
from tests.services.update_cases import snapshot
from tests.support import git, platform_repository, save

PROJECT = "copier-templates/fastapi/project"


def _second(project: Path) -> None:
    """Edits, adds and makes executable."""
    _append(project / "Dockerfile.jinja", "# second\n")
    _append(project / "app/health.py", "\n\nSECOND = True\n")
    (project / "app/second.py").write_text('"""Second."""\n')
    (project / "observability/prometheus.yml.jinja").chmod(0o755)


def _third(project: Path) -> None:
    """Renames, deletes, and changes what the second version brought."""
    git("mv", "app/second.py", "app/third.py", cwd=project)
    git("mv", "docs/index.md.jinja", "docs/start.md.jinja", cwd=project)
    (project / ".editorconfig.jinja").unlink()
    _append(project / "Dockerfile.jinja", "# third\n")


def _fourth(project: Path) -> None:
    """Changes again, and brings a binary file."""
    _append(project / "Makefile.jinja", "# fourth\n")
    (project / "docs/logo.bin").write_bytes(bytes(range(256)))
    _append(project / "README.md.jinja", "\nFourth.\n")


CHANGES: list[Callable[[Path], None]] = [_second, _third, _fourth]
VERSIONS = ["v0.1.0", "v0.2.0", "v0.3.0", "v0.4.0"]


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    platform = platform_repository(tmp_path_factory.mktemp("released") / "platform")
    for tag, change in zip(VERSIONS[1:], CHANGES, strict=True):
        change(platform / PROJECT)
        save(platform, tag, tag)
    git("switch", "-q", "--detach", cwd=platform)  # creations do not register here
    return platform


def _edit(service: Path) -> None:
    (service / "app/own.py").write_text('"""One: a file of my own."""\n')
    (service / "README.md").write_text("Two: above it all.\n\n" + (service / "README.md").read_text())
    _append(service / "app/defaults.toml", "port = 8081\n")
    (service / "docs/production-readiness.md").unlink()
    git("mv", "app/healthcheck.py", "app/container_check.py", cwd=service)
    (service / "own.bin").write_bytes(b"\0six" * 100)
    (service / "app/metrics.py").chmod(0o755)
    _replace(service / "app/problems.py", '"""', '"""Eight. ')
    (service / "notes").symlink_to("README.md")
    _replace(service / "compose.yaml", "30s", "45s")
    save(service, "ten edits")


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, path
    path.write_text(text.replace(old, new, 1))


@pytest.mark.slow
@pytest.mark.parametrize(("start", "end"), list(combinations(VERSIONS, 2)), ids=lambda version: version)
def test_ten_edits_survive_the_update(released: Path, tmp_path: Path, start: str, end: str) -> None:
    made = idp(
        "create", "service", "user-profile", "--template-version", start, "--output-dir", tmp_path,
        "--template", released, "--data", "template=fastapi",
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    service = tmp_path / "user-profile"
    _edit(service)
    edited = snapshot(service)
    template_store.forget_lookups()
    done = idp("update", service, "--to", end, "--output", "json")
    assert done.exit_code == 0, done.stdout
    result = snapshot(service)
    for path in (
        "app/own.py",
        "own.bin",
        "notes",
        "app/container_check.py",
        "app/metrics.py",
        "app/problems.py",
    ):
        assert result[path] == edited[path], path
    assert result["README.md"][1].startswith(b"Two: above it all.\n")
    assert b"8081" in result["app/defaults.toml"][1]
    assert b"45s" in result["compose.yaml"][1]
    assert "docs/production-readiness.md" not in result
    assert "app/healthcheck.py" not in result
    fresh = _fresh(released, tmp_path / "fresh", end)
    for path in ("Dockerfile", "Makefile", "app/health.py", "requirements.txt", ".copier-answers.yml"):
        assert result[path] == fresh[path], f"{path} is not as the new version has it"
    assert {path for path in fresh if path not in result} <= {
        "docs/production-readiness.md",
        "app/healthcheck.py",
    }


def _fresh(released: Path, folder: Path, version: str) -> "dict[str, tuple[str, bytes]]":
    folder.mkdir()
    made = idp(
        "create", "service", "user-profile", "--template-version", version, "--output-dir", folder,
        "--template", released, "--data", "template=fastapi",
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    return snapshot(folder / "user-profile")
