"""A Spring Boot service with edits in ten places, brought from each template version to the next, and to the last."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from idp.templates import store as template_store
from tests.command_line import idp
from tests.services.update_cases import snapshot
from tests.support import git, platform_repository, save

PROJECT = "copier-templates/spring-boot/project"
JAVA = "src/main/java/{{ java_package.replace('.', _copier_conf.sep) }}"
SERVICE_JAVA = "src/main/java/com/example/billing"


def _second(project: Path) -> None:
    """Edits, adds and makes executable."""
    _append(project / "Dockerfile.jinja", "# second\n")
    _append(project / JAVA / "health/Readiness.java.jinja", "// second\n")
    (project / JAVA / "Second.java.jinja").write_text("package {{ java_package }};\n\nclass Second {}\n")
    (project / "container/train.sh").chmod(0o755)


def _third(project: Path) -> None:
    """Renames, deletes, and changes what the second version brought."""
    git("mv", f"{JAVA}/Second.java.jinja", f"{JAVA}/Third.java.jinja", cwd=project)
    git("mv", "docs/index.md.jinja", "docs/start.md.jinja", cwd=project)
    (project / ".editorconfig.jinja").unlink()
    _replace(project / "pom.xml.jinja", "<archunit.version>1.5.0", "<archunit.version>1.5.1")


def _fourth(project: Path) -> None:
    """Changes again, and brings a binary file."""
    _append(project / "Makefile.jinja", "# fourth\n")
    (project / "docs/logo.bin").write_bytes(bytes(range(256)))
    _append(project / JAVA / "Third.java.jinja", "// fourth\n")


CHANGES: list[Callable[[Path], None]] = [_second, _third, _fourth]
VERSIONS = ["v0.1.0", "v0.2.0", "v0.3.0", "v0.4.0"]


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, path
    path.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    platform = platform_repository(tmp_path_factory.mktemp("released") / "platform")
    for tag, change in zip(VERSIONS[1:], CHANGES, strict=True):
        change(platform / PROJECT)
        save(platform, tag, tag)
    git("switch", "-q", "--detach", cwd=platform)  # creations do not register here
    return platform


def _create(released: Path, folder: Path, version: str) -> Path:
    folder.mkdir(exist_ok=True)
    made = idp(
        "create", "service", "billing", "--template-version", version, "--output-dir", folder,
        "--template", released, "--data", "template=spring-boot",
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    return folder / "billing"


def _edit(service: Path) -> None:
    java = service / SERVICE_JAVA
    (java / "Own.java").write_text("package com.example.billing;\n\nclass Own {}\n")
    (service / "README.md").write_text("Two: above it all.\n\n" + (service / "README.md").read_text())
    _append(service / "src/main/resources/application.properties", "server.tomcat.threads.max=50\n")
    (service / "docs/production-readiness.md").unlink()
    git("mv", f"{SERVICE_JAVA}/items", f"{SERVICE_JAVA}/orders", cwd=service)
    (service / "own.bin").write_bytes(b"\0six" * 100)
    (java / "web/Problems.java").chmod(0o755)
    _replace(java / "health/HealthController.java", "/** What", "/** Eight. What")
    (service / "notes").symlink_to("README.md")
    _replace(service / "pom.xml", "<minimum>0.90</minimum>", "<minimum>0.95</minimum>")
    save(service, "ten edits")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "end"), [*pairwise(VERSIONS), (VERSIONS[0], VERSIONS[-1])], ids=lambda version: version
)
def test_ten_edits_survive_the_update(released: Path, tmp_path: Path, start: str, end: str) -> None:
    service = _create(released, tmp_path / "edited", start)
    _edit(service)
    edited = snapshot(service)
    template_store.forget_lookups()
    done = idp("update", service, "--to", end, "--output", "json")
    assert done.exit_code == 0, done.stdout
    result, fresh = snapshot(service), snapshot(_create(released, tmp_path / "fresh", end))
    mine = ("Own.java", "orders/Item.java", "web/Problems.java", "health/HealthController.java")
    for path in ("own.bin", "notes", *(f"{SERVICE_JAVA}/{name}" for name in mine)):
        assert result[path] == edited[path], path
    assert result["README.md"][1].startswith(b"Two: above it all.\n")
    assert b"threads.max=50" in result["src/main/resources/application.properties"][1]
    assert b"0.95" in result["pom.xml"][1]
    assert (b"1.5.1" in result["pom.xml"][1]) == (b"1.5.1" in fresh["pom.xml"][1])
    assert "docs/production-readiness.md" not in result
    for path in ("Dockerfile", "Makefile", f"{SERVICE_JAVA}/health/Readiness.java", ".copier-answers.yml"):
        assert result[path] == fresh[path], f"{path} is not as the new version has it"
    left_out = {path for path in fresh if path not in result}
    assert left_out - {"docs/production-readiness.md"} == {
        path for path in fresh if path.startswith(f"{SERVICE_JAVA}/items/")
    }
