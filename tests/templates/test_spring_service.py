"""A generated Spring Boot service: its own build, what its lint notices, and what its files promise."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command_line import idp
from tests.scorecards import outcomes, without_local
from tests.support import run
from tests.templates import spring_service
from tests.templates.fastapi_service import edit, running
from tests.templates.spring_service import java, maven, render, sources
from tests.templates.test_fastapi_contract_commands import LONGEST_NAME, NASTY
from tests.templates.test_repository_files import table

pytestmark = [pytest.mark.slow, pytest.mark.needs("mvn"), pytest.mark.xdist_group("spring")]


def test_the_build_of_a_fresh_service_passes_with_its_tests_lint_coverage_and_bill_of_materials(
    spring: Path, tmp_path: Path
) -> None:
    service = sources(spring, tmp_path / "service")
    code, said = maven(service, "verify")
    assert code == 0, said[-4000:]
    assert "All coverage checks have been met." in said
    assert re.search(r"Tests run: \d{2,}, Failures: 0, Errors: 0, Skipped: 0", said)
    bill = json.loads(
        (service / "target" / "classes" / "META-INF" / "sbom" / "application.cdx.json").read_text()
    )
    assert bill["bomFormat"] == "CycloneDX"
    assert {"spring-webmvc", "micrometer-core"} <= {part["name"] for part in bill["components"]}


def test_awkward_answers_and_a_service_without_the_example_pass_it_too(
    platform: Path, tmp_path: Path
) -> None:
    answers = {"group_id": "org.zzz.team_1", "java_release": "17", "description": NASTY, "owner": "@o/t"}
    service = render(platform, tmp_path / LONGEST_NAME, service_name=LONGEST_NAME, **answers)
    for folder in ("main", "test"):
        shutil.rmtree(next((service / "src" / folder / "java").rglob("items")))
    code, said = maven(service, "verify", "-Dopenapi.write=true")
    assert code == 0, said[-4000:]
    document = json.loads((service / "docs" / "openapi.json").read_text())
    assert document["info"] == {"title": LONGEST_NAME, "description": NASTY, "version": "0.0.0-local"}
    assert document["paths"] == {}
    with running(service, tmp_path / "run") as running_service:
        assert {line["service"] for line in running_service.lines()} == {LONGEST_NAME}


def test_a_name_that_java_reserves_becomes_a_package_all_the_same(platform: Path, tmp_path: Path) -> None:
    service = render(platform, tmp_path / "new", service_name="new")
    assert java(service, "Application").read_text().startswith("package com.example.new_;\n")


@pytest.mark.parametrize("group", ["com.Example", "com..example", "com.new", ".com", "x" * 81, "com.1a", ""])
def test_a_group_that_is_no_package_is_refused(platform: Path, tmp_path: Path, group: str) -> None:
    with pytest.raises(ValueError, match="group is one or more Java names"):
        render(platform, tmp_path / "service", group_id=group)
    assert list(tmp_path.iterdir()) == []


def test_lint_notices_who_reads_the_environment_by_a_method_reference(spring: Path, tmp_path: Path) -> None:
    service = sources(spring, tmp_path / "service")
    reader = "java.util.function.UnaryOperator<String> READER = System::getenv;\n"
    edit(java(service, "Item"), "{}", "{\n    static final " + reader + "}")
    done = run("make", "lint", "MVN=mvn -Dspotless.check.skip=true", cwd=service)
    assert done.returncode != 0
    assert "configuration comes through package config" in done.stdout


def test_lint_notices_a_null_and_a_layout_that_nobody_wants(spring: Path, tmp_path: Path) -> None:
    service = sources(spring, tmp_path / "service")
    edit(java(service, "InMemoryItems"), "return made;", "return null;")
    done = run("make", "lint", "MVN=mvn -Dspotless.check.skip=true", cwd=service)
    assert done.returncode != 0
    assert "[NullAway]" in done.stdout
    edit(java(service, "InMemoryItems"), "return null;", "return  made ;")
    done = run("make", "lint", cwd=service)
    assert done.returncode != 0
    assert "format violations" in done.stdout


def test_readiness_asks_the_database_as_soon_as_its_starter_is_there(spring: Path, tmp_path: Path) -> None:
    service = sources(spring, tmp_path / "service")
    starter = ("org.springframework.boot", "spring-boot-starter-jdbc", "compile")
    driver = ("com.h2database", "h2", "runtime")
    added = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><scope>{scope}</scope></dependency>"
        for group, name, scope in (starter, driver)
    )
    edit(service / "pom.xml", "<dependencies>", f"<dependencies>{added}")
    properties = service / "src/main/resources/application.properties"
    nobody_listens = "spring.datasource.url=jdbc:h2:tcp://127.0.0.1:1/none"
    properties.write_text(f"{properties.read_text()}\n{nobody_listens}\n")
    with running(spring_service.install(service), tmp_path / "running") as found:
        answer = found.http.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["checks"]["db"].startswith("failed: ")


def test_it_is_built_again_only_when_a_source_changes(spring: Path) -> None:
    assert run("make", "-q", "install", cwd=spring).returncode == 0
    java(spring, "Item").touch()
    assert run("make", "-q", "install", cwd=spring).returncode == 1
    run("make", "--touch", "install", cwd=spring)


def test_without_a_usable_jdk_the_owner_is_told(platform: Path, tmp_path: Path) -> None:
    done = run("make", "install", "JDK=", cwd=render(platform, tmp_path / "service"))
    assert done.returncode != 0
    assert "A JDK 21 or newer is needed" in done.stderr


def test_the_scorecard_is_that_of_the_fastapi_service(spring: Path, fastapi: Path) -> None:
    cards = []
    for service in (spring, fastapi):
        done = idp("check", "--live", service, "--output", "json")
        assert done.exit_code == 0, done.stdout
        cards.append(outcomes(done.json))
    assert cards[0] == cards[1]
    assert without_local(cards[0]) == {"passed", "not-applicable"}


def test_the_readmes_configuration_table_is_the_codes(spring: Path) -> None:
    rows = table((spring / "README.md").read_text(), "| key | default | meaning |")
    documented = {key.strip("`"): default.strip("`") for key, default, _ in rows}
    header = java(spring, "Settings").read_text().split("public record Settings(")[1].split(") {")[0]
    found = re.findall(r'(?:@DefaultValue\("(.*?)"\) )?\w+ (\w+)(?:,|$)', header)
    code = {re.sub(r"([A-Z])", r"_\1", name).upper(): default for default, name in found}
    assert documented.keys() == code.keys()
    shown = {"SERVICE_NAME": spring_service.NAME, "SERVICE_DESCRIPTION": "the answer", "CONFIG_FILE": "none"}
    assert documented == {key: shown.get(key, default) for key, default in code.items()}


def test_every_path_and_make_target_in_the_documents_exists(spring: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (spring / "Makefile").read_text(), re.MULTILINE))
    for document in (spring / "README.md", *(spring / "docs").glob("*.md")):
        text = document.read_text()
        for path in re.findall(r"`((?:src|docs|container)/[\w./-]+)`", text):
            assert (spring / path).exists(), f"{document.name}: {path}"
        for words in re.findall(r"\bmake ((?:run|test|lint|format|image|install|openapi)\b[a-z ]*)`", text):
            assert set(words.split()) <= targets, words
        assert not re.search(r"\bapp/|pyproject|\.py\b", text), f"{document.name} speaks of Python"


def test_renovate_manages_maven_and_leaves_the_images_java_to_the_template(spring: Path) -> None:
    rules = json.loads((spring / "renovate.json").read_text())["packageRules"]
    assert any(rule["matchManagers"] == ["maven"] for rule in rules)
    (image,) = (rule for rule in rules if rule["matchManagers"] == ["dockerfile", "docker-compose"])
    assert image["enabled"] is False


def test_no_file_names_a_package_registry(spring: Path) -> None:
    for name in ("pom.xml", "Makefile", "Dockerfile"):
        addresses = re.findall(r"https?://([\w.-]+)", (spring / name).read_text())
        assert set(addresses) <= {"maven.apache.org", "www.w3.org"}, name


def test_the_dockerfile_is_lint_clean(spring: Path) -> None:
    done = run(Path(sys.executable).with_name("hadolint"), "Dockerfile", cwd=spring)
    assert (done.returncode, done.stdout) == (0, "")


def test_its_shell_script_is_lint_clean(spring: Path) -> None:
    done = run(Path(sys.executable).with_name("shellcheck"), "--shell=bash", "container/train.sh", cwd=spring)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.needs("docker")
@pytest.mark.parametrize("profile", ["dev", "staging", "prod", "observability"])
def test_each_compose_profile_is_valid_and_hardened(spring: Path, profile: str) -> None:
    done = run("docker", "compose", "--profile", profile, "config", cwd=spring)
    assert done.returncode == 0, done.stderr
    services: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    assert services.keys() == {"prometheus" if profile == "observability" else profile}
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
