"""The files of a new service that are not its code, held against what reads them and against the code."""

import ast
import json
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import copier
import jsonschema
import pytest
import yaml
from referencing import Registry
from referencing.jsonschema import DRAFT7

from tests.support import run

RENOVATE_REPEATS = {
    "--universal",
    "--python-version",
    "--generate-hashes",
    "--no-strip-extras",
    "--group",
    "--output-file",
}
"""Options of `uv pip compile` in a lock's header that Renovate's manager `pip-compile` accepts; others stop it."""
BACKSTAGE = Path(__file__).parent / "data" / "backstage"


@pytest.fixture(scope="module")
def service(platform: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    destination = tmp_path_factory.mktemp("service") / "user-profile"
    answers = {"owner": "@acme/Profile_Team", "description": 'Keeps "profiles": names & *faces*'}
    copier.run_copy(str(platform), destination, answers, defaults=True, quiet=True)
    return destination


def entities(service: Path) -> list[dict[str, Any]]:
    """The catalog's entities as Backstage sees them: `$text` replaced by the file that it names."""
    found = list(yaml.safe_load_all((service / "catalog-info.yaml").read_text()))
    for entity in found:
        definition = entity["spec"].get("definition")
        if isinstance(definition, dict):
            entity["spec"]["definition"] = (service / definition["$text"]).read_text()
    return found


def backstage_validator(kind: str) -> jsonschema.Draft7Validator:
    schemas = {path.name.split(".")[0]: json.loads(path.read_text()) for path in BACKSTAGE.glob("*.json")}
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], DRAFT7.create_resource(schema)) for schema in schemas.values()
    )
    return jsonschema.Draft7Validator(schemas[kind], registry=registry)


def test_the_catalog_entities_are_valid_for_backstage(service: Path) -> None:
    for entity in entities(service):
        assert [error.message for error in backstage_validator(entity["kind"]).iter_errors(entity)] == []


def test_backstages_schemas_refuse_what_is_wrong(service: Path) -> None:
    component = entities(service)[0]
    del component["spec"]["owner"]
    component["metadata"]["tags"] = "fastapi"
    assert len(list(backstage_validator("Component").iter_errors(component))) == 2


def test_the_catalog_entities_keep_backstages_rules_beyond_the_schema(service: Path) -> None:
    """As Backstage's FieldFormatEntityPolicy and its entity references have them."""
    component, api = entities(service)
    assert (component["kind"], api["kind"]) == ("Component", "API")
    for entity in (component, api):
        name = entity["metadata"]["name"]
        assert re.fullmatch(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", name)
        assert len(name) <= 63
        assert all(
            re.fullmatch(r"[a-z0-9:+#]+(-[a-z0-9:+#]+)*", tag) for tag in entity["metadata"].get("tags", [])
        )
        assert entity["spec"]["owner"] == "group:default/Profile_Team"
    assert component["metadata"]["annotations"]["github.com/project-slug"] == "acme/user-profile"
    assert component["spec"]["providesApis"] == [api["metadata"]["name"]]


def test_a_user_owns_as_a_user(platform: Path, tmp_path: Path) -> None:
    copier.run_copy(str(platform), tmp_path / "orders", {"owner": "@octocat"}, defaults=True, quiet=True)
    component, _ = entities(tmp_path / "orders")
    assert component["spec"]["owner"] == "user:default/octocat"
    assert component["metadata"]["annotations"]["github.com/project-slug"] == "octocat/orders"


SERVED = """
import asyncio, httpx
from app.config_provider import Configuration, load
from app.main import create_app
from app.settings import Settings

async def main():
    transport = httpx.ASGITransport(create_app(Configuration(lambda: load(Settings))))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        open("served.json", "w").write((await client.get("/openapi.json")).text)

asyncio.run(main())
"""


def test_the_apis_definition_is_what_the_service_serves(fastapi: Path, tmp_path: Path) -> None:
    done = run(
        fastapi / ".venv" / "bin" / "python", "-c", SERVED, cwd=tmp_path, env={"PYTHONPATH": str(fastapi)}
    )
    assert done.returncode == 0, done.stderr
    documented = (fastapi / "docs" / "openapi.json").read_text()
    assert json.loads(documented) == json.loads((tmp_path / "served.json").read_text())


def test_techdocs_has_its_pages(service: Path) -> None:
    techdocs = yaml.safe_load((service / "mkdocs.yml").read_text())
    pages = {page for entry in techdocs["nav"] for page in entry.values()}
    assert pages == {path.name for path in (service / "docs").glob("*.md")}
    assert techdocs["plugins"] == ["techdocs-core"]


def fields(service: Path) -> dict[str, str]:
    """Configuration key → default in the code (empty if required), from the two settings classes."""
    found = {}
    for module, name in (("settings", "Settings"), ("config_provider", "ProviderSettings")):
        tree = ast.parse((service / "app" / f"{module}.py").read_text())
        (model,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
        for line in model.body:
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                found[line.target.id.upper()] = str(ast.literal_eval(line.value)) if line.value else ""
    return found


def table(text: str, header: str) -> list[list[str]]:
    """The body of the Markdown table with this header line."""
    lines = text.split(header + "\n", 1)[1].splitlines()[1:]
    body = lines[: next(number for number, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in body]


def test_the_readmes_configuration_table_is_the_codes(service: Path) -> None:
    rows = table((service / "README.md").read_text(), "| key | default | meaning |")
    documented = {key.strip("`"): default.strip("`") for key, default, _ in rows}
    code = fields(service)
    assert set(documented) == set(code)
    shown = {"": "user-profile", "None": "none", "False": "false"}
    said_otherwise = {"SERVICE_DESCRIPTION"}  # the answer itself, which a table cell may not hold
    for key, default in code.items():
        if key not in said_otherwise:
            assert documented[key] == shown.get(default, default), key


def test_the_readme_names_only_make_targets_and_profiles_that_exist(service: Path) -> None:
    documents = "\n".join(
        path.read_text() for path in (service / "README.md", *(service / "docs").glob("*.md"))
    )
    makefile = (service / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = {
        word
        for words in re.findall(r"\bmake ((?:run|test|lint|format|image|install|lock|openapi)\b)", documents)
        for word in words.split()
    }
    assert {"run", "test", "lint", "image"} <= named <= targets
    profiles = {
        profile
        for part in yaml.safe_load((service / "compose.yaml").read_text())["services"].values()
        for profile in part.get("profiles", [])
    }
    assert set(re.findall(r"--profile ([a-z]+)", documents)) <= profiles
    assert {"dev", "staging", "prod"} <= profiles


def test_every_relative_link_and_every_path_in_the_documents_exists(service: Path) -> None:
    for document in (service / "README.md", *(service / "docs").glob("*.md")):
        text = document.read_text()
        for target in re.findall(r"\]\(([^)]+)\)", text):
            path, _, anchor = target.partition("#")
            if not target.startswith("https://"):
                linked = document.parent / path if path else document
                assert linked.is_file(), f"{document.name}: {target}"
                headings = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE)
                assert not anchor or anchor in map(_anchor, headings), f"{document.name}: {target}"
        for path in re.findall(r"`((?:app|docs|tests)/[\w./-]+)`", text):
            assert (service / path).exists(), f"{document.name}: {path}"


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_markdown_carries_the_description_as_text(service: Path) -> None:
    assert (service / "README.md").read_text().splitlines()[2] == r'Keeps "profiles": names \& \*faces\*'


@pytest.mark.needs("promtool")
def test_the_runbooks_queries_are_promql(service: Path, tmp_path: Path) -> None:
    block = (service / "docs" / "runbook.md").read_text().split("```promql\n")[1].split("```")[0]
    queries = [
        " ".join(query.split()) for query in re.split(r"^#.*$", block, flags=re.MULTILINE) if query.strip()
    ]
    rules = [{"record": f"query_{number}", "expr": query} for number, query in enumerate(queries)]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "runbook", "rules": rules}]}))
    done = run("promtool", "check", "rules", path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{len(queries)} rules found" in done.stdout


def test_pre_commit_accepts_its_configuration_and_fetches_nothing(service: Path) -> None:
    path = service / ".pre-commit-config.yaml"
    done = run(sys.executable, "-m", "pre_commit", "validate-config", path, cwd=service)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {repository["repo"] for repository in yaml.safe_load(path.read_text())["repos"]} == {"local"}


def test_renovate_leaves_the_platforms_branch_alone_and_finds_the_files_it_manages(service: Path) -> None:
    config = json.loads((service / "renovate.json").read_text())
    (own,) = (rule for rule in config["packageRules"] if rule["matchManagers"] == ["github-actions"])
    assert own["enabled"] is False
    assert own["matchPackageNames"] == ["example-org/idp-lite"]
    (pattern,) = config["pip-compile"]["managerFilePatterns"]
    assert pattern.startswith("/")
    assert pattern.endswith("/")
    locks = [path.name for path in service.iterdir() if re.search(pattern[1:-1], path.name)]
    assert sorted(locks) == ["requirements-dev.txt", "requirements.txt"]


def test_nothing_is_left_unrendered(service: Path) -> None:
    for path in filter(Path.is_file, service.rglob("*")):
        assert path.suffix != ".jinja"
        text = path.read_text()
        assert not re.search(r"(?<!\$)\{\{|\{%", text), path
        assert "copier-templates/_shared" not in text, path


def test_text_files_end_in_one_newline_and_have_no_runs_of_empty_lines(service: Path) -> None:
    for path in filter(Path.is_file, service.rglob("*")):
        text = path.read_text()
        if text and path.suffix in {".md", ".yml", ".yaml", ".json", ".toml"}:
            assert text.endswith("\n"), path
            assert not text.endswith("\n\n"), path
            lines = text.splitlines()
            assert not [pair for pair in pairwise(lines) if path.suffix != ".py" and not any(pair)], path
            assert not [line for line in lines if line != line.rstrip()], path


@pytest.mark.parametrize(
    ("lock", "group"),
    [("requirements.txt", ""), ("requirements-dev.txt", " --group=dev")],
    ids=["run", "dev"],
)
def test_a_lock_names_the_command_that_renovate_repeats(service: Path, lock: str, group: str) -> None:
    command = (service / lock).read_text().splitlines()[1].removeprefix("#    ")
    options = "--universal --python-version=3.11 --generate-hashes --no-strip-extras"
    assert command == f"uv pip compile pyproject.toml {options}{group} --output-file={lock}"
    given = [word.partition("=")[0] for word in command.split() if word.startswith("--")]
    assert set(given) <= RENOVATE_REPEATS
