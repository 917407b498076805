"""The folder `workflows/`: its symlinks, table and rules, held against the real files."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import ROOT, git, run
from tests.workflows.runner import PLATFORM, foreign_actions, stand_in

REAL = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / "workflows" / "actions").glob("*/action.yml"))
SCRIPTS = sorted((ROOT / "workflows" / "actions").rglob("*.sh"))
README = (ROOT / "workflows" / "README.md").read_text()
REQUIRED = ("ci.yml", "service-ci.yml")
"""Workflows with one job that gathers the others, to be required by a branch rule."""
RESULTS = [("success success", 0), ("success failure", 1), ("success cancelled", 1), ("skipped success", 1)]


def load(path: Path) -> dict[str, Any]:
    """A workflow or action; YAML 1.1 reads the key `on` as True, so it is put back."""
    document: dict[Any, Any] = yaml.safe_load(path.read_text())
    return {"on" if key is True else key: value for key, value in document.items()}


def row(name: str) -> list[str]:
    """The cells of a README table row that links to a file or action of this name."""
    match = re.search(rf"^\| \[`{re.escape(name)}`\].*$", README, re.MULTILINE)
    assert match, f"workflows/README.md has no row for {name}"
    return [cell.strip() for cell in match[0].strip("|").split(" | ")]


def names(cell: str) -> set[str]:
    return set(re.findall(r"`([a-z-]+)` \(", cell))


def steps(path: Path) -> list[dict[str, Any]]:
    document = load(path)
    jobs = document.get("jobs", {"action": document.get("runs")})
    return [step for job in jobs.values() for step in job.get("steps", [])]


def taken(workflow: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a workflow, whether it is called or started by a form."""
    triggers = workflow["on"]
    found: dict[str, Any] = {}
    for trigger in ("workflow_call", "workflow_dispatch"):
        found |= (triggers.get(trigger) or {}).get("inputs", {})
    return found


def shown(definition: dict[str, Any]) -> str:
    if definition.get("required"):
        return "required"
    return f"`{str(definition['default']).lower()}`" if definition["default"] != "" else "empty"


def test_every_workflow_is_shown_by_a_relative_symlink_that_git_keeps() -> None:
    found = {path.name: path for path in (ROOT / "workflows").glob("*.yml")}
    assert set(found) == {path.name for path in REAL}
    for name, path in found.items():
        assert path.is_symlink()
        assert str(path.readlink()) == f"../.github/workflows/{name}"
        assert git("ls-files", "--stage", f"workflows/{name}", cwd=ROOT).startswith("120000")


def test_the_real_workflows_are_no_symlinks_and_lie_in_no_subfolder() -> None:
    folder = ROOT / ".github" / "workflows"
    assert all(path.is_file() and not path.is_symlink() for path in folder.iterdir())


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_the_table_says_what_a_workflow_takes_and_gives(path: Path) -> None:
    _, _, inputs, secrets, outputs, permissions = row(path.name)
    workflow = load(path)
    call = workflow["on"].get("workflow_call") or {}
    assert names(inputs) == set(taken(workflow))
    assert names(secrets) == set(call.get("secrets", {}))
    assert names(outputs) == set(call.get("outputs", {}))
    granted = {
        f"{scope}: {level}"
        for job in workflow["jobs"].values()
        for scope, level in job["permissions"].items()
    }
    assert set(re.findall(r"`([a-z-]+: [a-z]+)`", permissions)) == granted
    for name, definition in taken(workflow).items():
        assert f"`{name}` ({shown(definition)})" in inputs


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.parent.name)
def test_the_table_says_what_an_action_takes(path: Path) -> None:
    inputs = row(path.parent.name)[2]
    defined = load(path).get("inputs", {})
    assert names(inputs) == set(defined)
    for name, definition in defined.items():
        assert f"`{name}` ({shown(definition)})" in inputs


def test_the_table_has_no_row_without_a_file() -> None:
    linked = set(re.findall(r"^\| \[`[^`]+`\]\(([^)]+)\)", README, re.MULTILINE))
    assert linked == {path.name for path in REAL} | {
        str(path.relative_to(ROOT / "workflows")) for path in ACTIONS
    }


@pytest.mark.parametrize("path", [*REAL, *ACTIONS], ids=lambda path: str(path.relative_to(ROOT)))
def test_foreign_actions_are_pinned_by_commit_with_their_release_in_a_comment(path: Path) -> None:
    for line in path.read_text().splitlines():
        if used := re.search(r"^\s*(?:- )?uses: (.*)$", line):
            own = re.fullmatch(rf"{PLATFORM}/workflows/actions/([a-z-]+)@v1", used[1])
            assert own or re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used[1]), line
            assert not own or (ROOT / "workflows" / "actions" / own[1] / "action.yml").is_file()


def test_every_foreign_action_has_a_stand_in_that_takes_what_it_is_given() -> None:
    used = foreign_actions()
    folders = {path.parent.name for path in stand_in("").glob("*/action.yml")}
    assert folders == {stand_in(name).name for name in used}
    for step in (step for path in [*REAL, *ACTIONS] for step in steps(path) if "uses" in step):
        name = "/".join(step["uses"].partition("@")[0].split("/")[:2])
        if name != PLATFORM:
            known = load(stand_in(name) / "action.yml").get("inputs", {})
            assert set(step.get("with", {})) <= set(known), name


@pytest.mark.parametrize("path", [*REAL, *ACTIONS], ids=lambda path: str(path.relative_to(ROOT)))
def test_own_actions_are_given_only_inputs_that_they_have_and_all_that_they_need(path: Path) -> None:
    for step in steps(path):
        if own := re.fullmatch(rf"{PLATFORM}/workflows/actions/([a-z-]+)@v1", step.get("uses", "")):
            defined = load(ROOT / "workflows" / "actions" / own[1] / "action.yml").get("inputs", {})
            needed = {name for name, definition in defined.items() if definition.get("required")}
            assert needed <= set(step.get("with", {})) <= set(defined)


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_every_job_has_a_time_limit_and_its_own_grants(path: Path) -> None:
    document = load(path)
    assert document["permissions"] == {}
    for job in document["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 60
        assert "permissions" in job


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_no_checkout_leaves_a_token_and_no_workflow_runs_with_secrets_for_a_stranger(path: Path) -> None:
    assert not {"pull_request_target", "workflow_run"} & set(load(path)["on"])
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_what_runs_a_services_own_code_may_only_read() -> None:
    jobs = load(ROOT / ".github" / "workflows" / "service-ci.yml")["jobs"]
    for name, job in jobs.items():
        text = str(job)
        if "make " in text or "idp-check@" in text or "build-image@" in text or "scan-source@" in text:
            assert job["permissions"] == {"contents": "read"}, name
            assert "secrets." not in text, name
        if set(job["permissions"].values()) - {"read"} or "secrets." in text:
            assert "actions/checkout@" not in text, name


def test_what_a_pull_request_starts_sees_no_secret() -> None:
    for path in REAL:
        workflow = load(path)
        if "pull_request" in workflow["on"]:
            assert "secrets." not in path.read_text(), path.name


def test_a_deployment_is_never_cancelled_and_never_beside_another_of_its_kind() -> None:
    folder = ROOT / ".github" / "workflows"
    deploy = load(folder / "deploy.yml")["jobs"]["deploy"]["concurrency"]
    rollback = load(folder / "rollback.yml")["concurrency"]
    assert deploy["cancel-in-progress"] is rollback["cancel-in-progress"] is False
    assert deploy["group"].replace("matrix.", "inputs.") == rollback["group"]
    for name in ("deploy.yml", "promote.yml", "release.yml", "fleet-update.yml", "service-create.yml"):
        assert load(folder / name)["concurrency"]["cancel-in-progress"] is False


@pytest.mark.parametrize("name", REQUIRED)
def test_one_job_that_always_runs_needs_all_others(name: str) -> None:
    jobs = load(ROOT / ".github" / "workflows" / name)["jobs"]
    assert jobs["ci"]["name"] == "ci"
    assert "always()" in jobs["ci"]["if"]
    assert set(jobs["ci"]["needs"]) == set(jobs) - {"ci"}
    (step,) = jobs["ci"]["steps"]
    said = " ".join(step["env"].values())
    for other in jobs["ci"]["needs"]:
        assert f"needs.{other}.result" in said or "needs.*.result" in said


def test_the_promotion_gate_is_one_job_that_every_pull_request_runs() -> None:
    workflow = load(ROOT / ".github" / "workflows" / "promotion-gate.yml")
    assert workflow["on"]["pull_request"] is None
    gate = workflow["jobs"]["gate"]
    assert "needs" not in gate
    assert gate["if"] == "${{ github.event_name != 'schedule' }}"


def required(name: str, **env: str) -> int:
    (step,) = load(ROOT / ".github" / "workflows" / name)["jobs"]["ci"]["steps"]
    argv = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"])
    return run(*argv, cwd=ROOT, env=env).returncode


@pytest.mark.parametrize(("results", "exit_code"), RESULTS)
def test_the_required_job_passes_only_if_all_others_did(results: str, exit_code: int) -> None:
    assert required("ci.yml", RESULTS=results) == exit_code
    assert required("service-ci.yml", CHECKS=results, PUBLISHING="success success") == exit_code


@pytest.mark.parametrize(
    ("results", "exit_code"),
    [("skipped skipped", 0), ("success skipped", 0), ("failure skipped", 1), ("success cancelled", 1)],
)
def test_a_services_required_job_passes_without_publishing_but_not_where_that_failed(
    results: str, exit_code: int
) -> None:
    assert required("service-ci.yml", CHECKS="success success", PUBLISHING=results) == exit_code


@pytest.mark.parametrize("path", [*REAL, *ACTIONS], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_expression_stands_in_a_script(path: Path) -> None:
    assert not [step for step in steps(path) if "${{" in step.get("run", "")]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_script_stops_at_its_first_error(path: Path) -> None:
    text = path.read_text()
    sourced = text.startswith("# shellcheck shell=bash\n")
    assert sourced or (text.startswith("#!/usr/bin/env bash\n") and "\nset -euo pipefail\n" in text)
    assert sourced or path.stat().st_mode & 0o111


def test_a_service_calls_a_workflow_that_exists_with_inputs_and_grants_that_it_knows(service: Path) -> None:
    jobs = load(service / ".github" / "workflows" / "ci.yml")["jobs"]
    assert list(jobs) == ["ci"]
    match = re.fullmatch(r"acme/platform/(\.github/workflows/[\w-]+\.yml)@v1", jobs["ci"]["uses"])
    assert match
    called = load(ROOT / match[1])
    call = called["on"]["workflow_call"]
    assert set(jobs["ci"]["with"]) <= set(call["inputs"])
    assert set(jobs["ci"]["secrets"]) <= set(call["secrets"])
    needed = {scope: level for job in called["jobs"].values() for scope, level in job["permissions"].items()}
    assert jobs["ci"]["permissions"] == needed


def test_the_caller_in_the_readme_is_a_new_services_own(service: Path) -> None:
    match = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert match
    documented = yaml.safe_load(match[1])["jobs"]["ci"]
    own = load(service / ".github" / "workflows" / "ci.yml")["jobs"]["ci"]
    documented["uses"] = own["uses"]
    documented["with"]["platform-repository"] = own["with"]["platform-repository"]
    assert documented == own
