"""actionlint and zizmor find nothing in the platform's workflows, nor in a service's."""

import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests.support import ROOT, run
from tests.workflows.runner import STAND_INS

PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
pytestmark = pytest.mark.needs("actionlint", "zizmor", "shellcheck")


def lint(root: Path) -> str:
    """What both linters say about a repository's workflows and actions; empty if nothing."""
    files = sorted((root / ".github" / "workflows").glob("*.yml"))
    assert files
    actionlint = run("actionlint", *files, cwd=root, env={"PATH": PATH})
    zizmor = run(
        "zizmor", "--offline", "--quiet", "--persona", "pedantic", "--format", "plain", *_inputs(root),
        cwd=root, env={"PATH": PATH},
    )  # fmt: skip
    said = actionlint.stdout + actionlint.stderr if actionlint.returncode else ""
    return said + (zizmor.stdout + zizmor.stderr if zizmor.returncode else "")


def _inputs(root: Path) -> list[Path]:
    return [root / ".github", *sorted((root / "workflows" / "actions").glob("*/action.yml"))]


def test_the_platforms_workflows_are_clean() -> None:
    assert lint(ROOT) == ""


@pytest.mark.parametrize(
    "path", sorted((ROOT / "workflows" / "actions").glob("*/action.yml")), ids=lambda path: path.parent.name
)
def test_the_scripts_in_an_action_are_clean(path: Path) -> None:
    for step in yaml.safe_load(path.read_text())["runs"]["steps"]:
        if script := step.get("run"):
            done = run("shellcheck", "--shell=bash", "-", cwd=ROOT, env={"PATH": PATH}, stdin=script)
            assert done.stdout == ""


def test_the_scripts_beside_actions_are_clean() -> None:
    scripts = [*(ROOT / "workflows" / "actions").rglob("*.sh"), STAND_INS / "bin" / "gh"]
    done = run("shellcheck", "--external-sources", "--shell=bash", *scripts, cwd=ROOT, env={"PATH": PATH})
    assert done.stdout == ""


def test_a_services_workflows_are_clean(service: Path) -> None:
    assert lint(service) == ""


FAULTS = {
    "an action pinned by tag": (
        "checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
        "checkout@v7",
        "unpinned-uses",
    ),
    "a credential left behind": (
        "\n        with:\n          persist-credentials: false\n      - uses",
        "\n      - uses",
        "artipacked",
    ),
    "a grant to all jobs": (
        "permissions: {}\n\nconc",
        "permissions: write-all\n\nconc",
        "excessive-permissions",
    ),
    "user text in a script": (
        "run: make lint",
        'run: echo "${{ github.head_ref }}"',
        "potentially untrusted",
    ),
    "an unknown input": ("inputs.live", "inputs.alive", "not defined"),
    "a shell mistake": (
        "for result in $CHECKS; do",
        "for result in $CHECK; do\n            [ $x = 1 ] &&",
        "SC",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_linters_find_a_seeded_fault(fault: str, tmp_path: Path) -> None:
    old, new, finding = FAULTS[fault]
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    path = tmp_path / ".github" / "workflows" / "service-ci.yml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert finding in lint(tmp_path)
