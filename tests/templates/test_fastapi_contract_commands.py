"""The service contract, point 7: what `make` offers, the compose profiles, and what an owner may change."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import run
from tests.templates.fastapi_service import copy, edit, render, running

LONGEST_NAME = "a-service-name-of-forty-characters-x-y-z"
NASTY = (
    'It\'s a "quoted" \\back\\slash, #hash, {{ braces }}, {% tag %}, ${VAR} $(sh) `x`, <b>, é, 日本, 🚀: '
    + "x" * 26
)


def test_a_fresh_service_passes_its_own_lint_and_tests(fastapi: Path, tmp_path: Path) -> None:
    service = copy(fastapi, tmp_path / "service")
    lint = run("make", "lint", cwd=service)
    assert lint.returncode == 0, lint.stdout + lint.stderr
    test = run("make", "test", cwd=service)
    assert test.returncode == 0, test.stdout + test.stderr
    assert "Required test coverage of 90.0% reached" in test.stdout


def test_the_most_awkward_valid_answers_change_nothing_of_that(
    platform: Path, fastapi: Path, tmp_path: Path
) -> None:
    assert (len(LONGEST_NAME), len(NASTY)) == (40, 120)
    service = render(
        platform, tmp_path / LONGEST_NAME, service_name=LONGEST_NAME, description=NASTY, owner="@o/t"
    )
    shutil.copytree(fastapi / ".venv", service / ".venv", symlinks=True)
    assert run("make", "lint", cwd=service).returncode == 0
    assert run("make", "test", cwd=service).returncode == 0
    with running(service, tmp_path / "run") as running_service:
        info = running_service.http.get("/openapi.json").json()["info"]
        assert (info["title"], info["description"]) == (LONGEST_NAME, NASTY)
        assert {line["service"] for line in running_service.lines()} == {LONGEST_NAME}


def test_the_example_resource_goes_with_its_folders_and_two_lines(fastapi: Path, tmp_path: Path) -> None:
    service = copy(fastapi, tmp_path / "service")
    shutil.rmtree(service / "app" / "items")
    shutil.rmtree(service / "tests" / "items")
    main = service / "app" / "main.py"
    kept = [line for line in main.read_text().splitlines(keepends=True) if "items" not in line]
    assert len(main.read_text().splitlines()) - len(kept) == 2
    main.write_text("".join(kept))
    lint = run("make", "lint", cwd=service)
    assert lint.returncode == 0, lint.stdout + lint.stderr
    test = run("make", "test", cwd=service)
    assert test.returncode == 0, test.stdout + test.stderr


def test_make_run_installs_first_and_keeps_stdout_for_the_logs(platform: Path, tmp_path: Path) -> None:
    service = render(platform, tmp_path / "service")
    with running(service, tmp_path / "run") as running_service:
        assert running_service.lines(), "each line of stdout is JSON"


def test_an_installation_is_repeated_only_when_the_lock_changes(fastapi: Path, tmp_path: Path) -> None:
    service = copy(fastapi, tmp_path / "service")
    assert run("make", "-q", "install", cwd=service).returncode == 0
    lock = service / "requirements-dev.txt"
    lock.touch()
    assert run("make", "-q", "install", cwd=service).returncode == 1
    done = run("make", "install", cwd=service)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.slow
def test_pip_alone_installs_the_lock_with_its_hashes(platform: Path, tmp_path: Path) -> None:
    service = render(platform, tmp_path / "service")
    done = run("make", "install", "UV=", f"PYTHON={sys.executable}", cwd=service)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert run(".venv/bin/python", "-m", "pip", "check", cwd=service).returncode == 0
    with running(service, tmp_path / "run", UV="") as running_service:
        assert running_service.is_live()


def test_without_a_usable_python_the_owner_is_told(platform: Path, tmp_path: Path) -> None:
    service = render(platform, tmp_path / "service")
    done = run("make", "install", "PYTHON=", cwd=service)
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr


def test_every_runtime_pin_is_also_the_one_tested_with(fastapi: Path) -> None:
    runtime, development = (
        {line.split(" ")[0] for line in (fastapi / name).read_text().splitlines() if "==" in line}
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert runtime
    assert runtime <= development


def test_no_file_names_a_package_index(fastapi: Path) -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "pyproject.toml", "Makefile", "Dockerfile"):
        assert "://" not in (fastapi / name).read_text(), name


def test_the_dockerfile_is_lint_clean(fastapi: Path) -> None:
    done = run(Path(sys.executable).with_name("hadolint"), "Dockerfile", cwd=fastapi)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.needs("promtool")
def test_prometheus_accepts_the_scrape_configuration(fastapi: Path) -> None:
    done = run("promtool", "check", "config", "observability/prometheus.yml", cwd=fastapi)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs("docker")
@pytest.mark.parametrize("profile", ["dev", "staging", "prod", "observability"])
def test_each_compose_profile_is_valid_and_hardened(fastapi: Path, profile: str) -> None:
    done = run("docker", "compose", "--profile", profile, "config", cwd=fastapi)
    assert done.returncode == 0, done.stderr
    services: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    assert services.keys() == {"prometheus" if profile == "observability" else profile}
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    if profile == "prod":
        assert services["prod"]["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
        assert services["prod"]["stop_grace_period"] == "30s"


def test_the_probe_is_off_unless_asked_for(fastapi: Path, tmp_path: Path) -> None:
    with running(fastapi, tmp_path, CONTRACT_PROBE="false") as service:
        assert service.http.get("/contract-probe/error").status_code == 404
        assert "contract-probe" not in service.http.get("/health/ready").text


def test_a_failing_test_or_lint_fails_make(fastapi: Path, tmp_path: Path) -> None:
    service = copy(fastapi, tmp_path / "service")
    edit(service / "app" / "health.py", '{"status": "live"}', '{"status": "dead"}')
    assert run("make", "test", cwd=service).returncode != 0
    edit(service / "app" / "health.py", 'OK = "ok"', 'OK: int = "ok"')
    assert run("make", "lint", cwd=service).returncode != 0
