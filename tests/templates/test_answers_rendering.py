"""Copier itself, from answers to files: what is accepted arrives exactly, what is refused leaves nothing."""

import ast
import configparser
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support import ROOT, git, run
from tests.templates.questions import QUESTION_FILES, TEMPLATES, questions, refusal
from tests.templates.test_answers_validators import any_text, printable_lines

NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True).filter(
    lambda name: not refusal("service_name", name)
)
OWNERS = st.from_regex(
    r"@[A-Za-z0-9]{1,5}(-[a-z0-9]{1,5})?(/[A-Za-z0-9]{1,5}[_-]?[a-z0-9]{1,5})?", fullmatch=True
)
REPOSITORIES = st.from_regex(r"[A-Za-z0-9]{1,9}/[A-Za-z0-9._-]{1,9}", fullmatch=True).filter(
    lambda name: not refusal("platform_repository", name)
)
rendering = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The templates as a plain folder, which Copier renders without cloning it."""
    root = tmp_path_factory.mktemp("plain")
    shutil.copy(ROOT / "copier.yml", root)
    shutil.copytree(TEMPLATES, root / "copier-templates")
    return root


def render(source: Path, destination: Path, **answers: object) -> Path:
    """Render with these answers, defaults for the rest."""
    copier.run_copy(str(source), destination, answers, defaults=True, quiet=True)
    return destination


def refused(source: Path, destination: Path, **answers: object) -> str:
    """Render; the words of the refusal, empty if there was none. Any other failure is a bug."""
    try:
        render(source, destination, **answers)
    except ValueError as error:
        return str(error)
    return ""


def files(root: Path) -> dict[str, bytes]:
    """Relative path → content, Git's own files aside."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


def parsed(root: Path) -> Iterator[tuple[str, Any]]:
    """Every file that has a grammar, parsed."""
    for name, content in files(root).items():
        text = content.decode()
        if name.endswith((".yml", ".yaml")):
            yield name, list(yaml.safe_load_all(text))
        elif name.endswith(".json"):
            yield name, json.loads(text)
        elif name.endswith(".toml"):
            yield name, tomllib.loads(text)
        elif name.endswith(".py"):
            yield name, ast.parse(text)
        elif name.endswith(".editorconfig"):
            configparser.ConfigParser().read_string("[top]\n" + text)


@rendering
@given(
    answers=st.fixed_dictionaries(
        {
            "service_name": NAMES,
            "description": printable_lines,
            "owner": OWNERS,
            "platform_repository": REPOSITORIES,
        }
    )
)
@example(
    answers={"service_name": "null", "description": "null", "owner": "@null", "platform_repository": "1/2"}
)
@example(
    answers={
        "service_name": "on",
        "description": "{{ 7*7 }} {% raw %} {# #}",
        "owner": "@1/2",
        "platform_repository": "a/b",
    }
)
@example(
    answers={
        "service_name": "e1",
        "description": "\"'\\ # : $(id) ${x} `id` %s \\",
        "owner": "@a",
        "platform_repository": "a/b",
    }
)
def test_every_accepted_answer_arrives_exactly(folder: Path, tmp_path: Path, answers: dict[str, str]) -> None:
    service = render(folder, tmp_path / "service", **answers)
    try:
        trees = dict(parsed(service))
        assert answers.items() <= trees[".copier-answers.yml"][0].items()
        component, api = trees["catalog-info.yaml"]
        assert component["metadata"]["name"] == api["metadata"]["name"] == answers["service_name"]
        assert component["metadata"]["description"] == answers["description"]
        assert trees["mkdocs.yml"][0]["site_name"] == answers["service_name"]
        assert trees["renovate.json"]["packageRules"][1]["matchPackageNames"] == [
            answers["platform_repository"]
        ]
        caller = trees[".github/workflows/ci.yml"][0]["jobs"]["ci"]["uses"]
        assert caller == f"{answers['platform_repository']}/.github/workflows/service-ci.yml@v1"
        assert (service / ".github" / "CODEOWNERS").read_text().splitlines()[-1] == f"* {answers['owner']}"
        assert trees["app/defaults.toml"]["service_name"] == answers["service_name"]
        assert trees["app/defaults.toml"]["service_description"] == answers["description"]
    finally:
        shutil.rmtree(service)


@rendering
@given(
    question=st.sampled_from(
        ["service_name", "description", "owner", "platform_repository", "template", "python_version"]
    ),
    answer=any_text,
)
@example(question="template", answer="../fastapi")
@example(question="template", answer="{{ 'fastapi' }}")
@example(question="python_version", answer="3.10")
def test_any_text_as_an_answer_renders_or_is_one_error_that_leaves_nothing(
    folder: Path, tmp_path: Path, question: str, answer: str
) -> None:
    if words := refused(folder, tmp_path / "service", **{question: answer}):
        assert re.fullmatch(r"(Validation error for question|Invalid choice for) .*", words)
        assert list(tmp_path.iterdir()) == []
        return
    assert [path.name for path in tmp_path.iterdir()] == ["service"]
    service = tmp_path / "service"
    assert yaml.safe_load((service / ".copier-answers.yml").read_text())[question] == answer
    shutil.rmtree(service)


@pytest.mark.parametrize("value", [None, ["a"], {"a": 1}, b"\xff", object()])
def test_an_answer_that_is_no_text_is_refused(folder: Path, tmp_path: Path, value: object) -> None:
    with pytest.raises((ValueError, TypeError), match=r"description|convert|decode"):
        render(folder, tmp_path / "service", description=value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["{{ 7*7 }}", "a\nb", "🚀", "-x", "con", "x" * 200, "${HOME}", "'"])
def test_a_hostile_folder_name_is_refused_before_anything_is_written(
    folder: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ValueError, match="service name has 1 to 40"):
        render(folder, tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    render(folder, tmp_path / name, service_name="ok")
    assert (tmp_path / name / "catalog-info.yaml").is_file()


def test_copier_alone_makes_a_service_named_after_its_folder(platform: Path, tmp_path: Path) -> None:
    done = run(sys.executable, "-m", "copier", "copy", "--defaults", platform, "user-profile", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answers = yaml.safe_load((tmp_path / "user-profile" / ".copier-answers.yml").read_text())
    assert answers == {
        "_commit": "v0.1.0",
        "_src_path": str(platform),
        "template": "fastapi",
        "service_name": "user-profile",
        "description": "The user-profile service",
        "owner": "@example-org/platform-team",
        "platform_repository": "example-org/idp-lite",
        "python_version": "3.13",
    }
    assert "make run" in done.stderr


def test_the_same_answers_give_the_same_bytes(platform: Path, tmp_path: Path) -> None:
    one = render(platform, tmp_path / "one", service_name="orders", description='"quoted" 🚀')
    two = render(platform, tmp_path / "two", service_name="orders", description='"quoted" 🚀')
    assert files(one) == files(two)


def test_a_second_update_changes_nothing(platform: Path, tmp_path: Path) -> None:
    service = render(platform, tmp_path / "orders")
    git("init", "--quiet", cwd=service)
    git("add", "--all", cwd=service)
    git("commit", "--quiet", "-m", "feat: orders", cwd=service)
    copier.run_update(service, defaults=True, overwrite=True, quiet=True)
    assert git("status", "--porcelain", cwd=service) == ""


def test_nothing_that_needs_trust_is_in_the_configuration() -> None:
    text = (ROOT / "copier.yml").read_text()
    assert not re.search(r"^_(tasks|migrations|jinja_extensions|external_data):", text, re.MULTILINE)


def test_every_template_is_offered_included_and_asks_only_of_its_own() -> None:
    text = (ROOT / "copier.yml").read_text()
    settings_, visible = (document for document in text.split("\n---")[:2])
    offered = set(yaml.safe_load(visible)["template"]["choices"].values())
    folders = {path.parent.name for path in TEMPLATES.glob("[!_]*/project")}
    included = re.findall(r"!include (copier-templates/\S+/questions\.yml)", text)
    assert {path for pattern in included for path in ROOT.glob(pattern)} == set(QUESTION_FILES)
    assert offered == folders == {path.parent.name for path in QUESTION_FILES[1:]}
    assert "_subdirectory" in yaml.safe_load(settings_)
    for file in QUESTION_FILES[1:]:
        for question in yaml.safe_load(file.read_text()).values():
            is_computed = question["when"] is False
            assert is_computed or question["when"] == f"{{{{ template == '{file.parent.name}' }}}}"


def test_question_names_are_unique_and_every_question_is_guarded() -> None:
    names = [name for file in QUESTION_FILES for name in yaml.safe_load(file.read_text())]
    assert len(names) == len(set(names))
    asked = [question for question in questions().values() if question.get("when") is not False]
    assert all("validator" in question or "choices" in question for question in asked)
    assert all("help" in question and "default" in question for question in asked)
