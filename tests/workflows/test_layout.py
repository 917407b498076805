"""The folder `workflows/`: its symlinks, table and rules, held against the real files."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import ROOT, git, run

REAL = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / "workflows" / "actions").glob("*/action.yml"))
README = (ROOT / "workflows" / "README.md").read_text()
PLATFORM = "example-org/idp-lite"


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


def test_every_workflow_is_shown_by_a_relative_symlink_that_git_keeps() -> None:
    shown = {path.name: path for path in (ROOT / "workflows").glob("*.yml")}
    assert set(shown) == {path.name for path in REAL}
    for name, path in shown.items():
        assert path.is_symlink()
        assert str(path.readlink()) == f"../.github/workflows/{name}"
        assert git("ls-files", "--stage", f"workflows/{name}", cwd=ROOT).startswith("120000")


def test_the_real_workflows_are_no_symlinks_and_lie_in_no_subfolder() -> None:
    folder = ROOT / ".github" / "workflows"
    assert all(path.is_file() and not path.is_symlink() for path in folder.iterdir())


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_the_table_says_what_a_workflow_takes_and_gives(path: Path) -> None:
    _, _, inputs, secrets, outputs, permissions = row(path.name)
    call = load(path)["on"].get("workflow_call") or {}
    assert names(inputs) == set(call.get("inputs", {}))
    assert names(secrets) == set(call.get("secrets", {}))
    assert names(outputs) == set(call.get("outputs", {}))
    granted = {
        f"{scope}: {level}"
        for job in load(path)["jobs"].values()
        for scope, level in job["permissions"].items()
    }
    assert set(re.findall(r"`([a-z-]+: [a-z]+)`", permissions)) == granted
    for name, definition in call.get("inputs", {}).items():
        shown = str(definition["default"]).lower() or "empty"
        assert f"`{name}` (`{shown}`)" in inputs or f"`{name}` ({shown})" in inputs


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.parent.name)
def test_the_table_says_what_an_action_takes(path: Path) -> None:
    inputs = row(path.parent.name)[2]
    assert names(inputs) == set(load(path)["inputs"])


def test_the_table_has_no_row_without_a_file() -> None:
    linked = set(re.findall(r"^\| \[`[^`]+`\]\(([^)]+)\)", README, re.MULTILINE))
    assert linked == {path.name for path in REAL} | {
        str(path.relative_to(ROOT / "workflows")) for path in ACTIONS
    }


@pytest.mark.parametrize("path", [*REAL, *ACTIONS], ids=lambda path: str(path.relative_to(ROOT)))
def test_foreign_actions_are_pinned_by_commit_with_their_release_in_a_comment(path: Path) -> None:
    for line in path.read_text().splitlines():
        if used := re.search(r"uses: (.*)$", line):
            own = re.fullmatch(rf"{PLATFORM}/workflows/actions/([a-z-]+)@v1", used[1])
            assert own or re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used[1]), line
            assert not own or (ROOT / "workflows" / "actions" / own[1] / "action.yml").is_file()


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_every_job_has_a_time_limit_and_its_own_grants(path: Path) -> None:
    document = load(path)
    assert document["permissions"] == {}
    for job in document["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 60
        assert "permissions" in job


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_one_job_that_always_runs_needs_all_others(path: Path) -> None:
    jobs = load(path)["jobs"]
    assert jobs["ci"]["name"] == "ci"
    assert "always()" in jobs["ci"]["if"]
    assert set(jobs["ci"]["needs"]) == set(jobs) - {"ci"}


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
@pytest.mark.parametrize(
    ("results", "exit_code"),
    [("success success", 0), ("success failure", 1), ("success cancelled", 1), ("skipped success", 1)],
)
def test_the_required_job_passes_only_if_all_others_did(path: Path, results: str, exit_code: int) -> None:
    (step,) = load(path)["jobs"]["ci"]["steps"]
    done = run(
        "bash",
        "--noprofile",
        "--norc",
        "-eo",
        "pipefail",
        "-c",
        step["run"],
        cwd=ROOT,
        env={"RESULTS": results},
    )
    assert done.returncode == exit_code


@pytest.mark.parametrize("path", [*REAL, *ACTIONS], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_expression_stands_in_a_script(path: Path) -> None:
    assert not [step for step in steps(path) if "${{" in step.get("run", "")]


def test_a_service_calls_a_workflow_that_exists_with_inputs_and_grants_that_it_knows(service: Path) -> None:
    jobs = load(service / ".github" / "workflows" / "ci.yml")["jobs"]
    assert list(jobs) == ["ci"]
    match = re.fullmatch(r"acme/platform/(\.github/workflows/[\w-]+\.yml)@v1", jobs["ci"]["uses"])
    assert match
    called = load(ROOT / match[1])
    assert set(jobs["ci"]["with"]) <= set(called["on"]["workflow_call"]["inputs"])
    needed = {scope for job in called["jobs"].values() for scope in job["permissions"]}
    assert set(jobs["ci"]["permissions"]) == needed
