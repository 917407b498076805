"""A generated Spring Boot service, built once for all tests that only run it."""

import shutil
from pathlib import Path

from tests.support import run
from tests.templates import fastapi_service

NAME = fastapi_service.NAME


def render(platform: Path, destination: Path, **answers: str) -> Path:
    """A fresh service, as `copier copy` makes it."""
    return fastapi_service.render(platform, destination, template="spring-boot", **answers)


def install(service: Path) -> Path:
    """Build what `make run` runs."""
    done = run("make", "install", cwd=service)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return service


def sources(service: Path, destination: Path) -> Path:
    """A copy to change, without what was built."""
    return Path(shutil.copytree(service, destination, ignore=shutil.ignore_patterns("target")))


def java(service: Path, name: str, folder: str = "main") -> Path:
    """The source file of a class."""
    (found,) = (service / "src" / folder / "java").rglob(f"{name}.java")
    return found


def maven(service: Path, *goals: str) -> tuple[int, str]:
    """Run Maven with the JDK that the Makefile finds: the exit code and what it said."""
    shown = run("make", "--eval=show-jdk:;@echo $(JDK)", "show-jdk", cwd=service)
    jdk = {"JAVA_HOME": shown.stdout.strip()}
    done = run("mvn", "--batch-mode", "--no-transfer-progress", *goals, cwd=service, env=jdk, timeout=900)
    return done.returncode, done.stdout + done.stderr
