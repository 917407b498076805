"""The scripts of the actions, one by one: what they find, what they refuse, what they call a commit."""

import itertools
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.command_line import idp
from tests.support import ROOT, build_file_tree, git, run, save
from tests.tools import program
from tests.workflows.advisories import advisories

ACTIONS = ROOT / "workflows" / "actions"
SEMVER = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-dev\.(\d+)\.g[0-9a-f]{12})?")
HOSTILE_TAGS = ("v9.9.9$(touch${IFS}pwned)", "v8.8.8;touch${IFS}pwned", "v7.7", "v01.2.3", "v6.6.6-rc.1")


def version(repository: Path) -> str:
    done = run(ACTIONS / "build-image" / "version.sh", cwd=repository)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def as_numbers(text: str) -> tuple[int, ...]:
    """For comparison as SemVer compares: a version without `-dev` comes after all of its own."""
    match = SEMVER.fullmatch(text)
    assert match, text
    major, minor, patch, distance = match.groups()
    return int(major), int(minor), int(patch), int(distance) if distance else 10**9


def test_a_tagged_commit_has_the_tags_version_and_a_later_one_a_greater(tmp_path: Path) -> None:
    save(tmp_path, "one")
    assert re.fullmatch(r"0\.0\.1-dev\.1\.g[0-9a-f]{12}", version(tmp_path))
    git("tag", "-m", "annotated", "v1.2.3", cwd=tmp_path)
    assert version(tmp_path) == "1.2.3"
    save(tmp_path, "two")
    commit = save(tmp_path, "three")
    assert version(tmp_path) == f"1.2.4-dev.2.g{commit[:12]}"


@pytest.mark.parametrize("tag", HOSTILE_TAGS)
def test_a_tag_that_is_no_version_counts_for_nothing(tag: str, tmp_path: Path) -> None:
    save(tmp_path, "one", tag="v0.3.0")
    git("tag", tag, cwd=tmp_path)
    assert version(tmp_path) == "0.3.0"
    assert not (tmp_path / "pwned").exists()


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(["commit", "merge", "patch", "minor"]), min_size=2, max_size=6))
def test_versions_of_a_branch_only_grow(moves: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        seen = [as_numbers(version(repository)) for repository in _grow(Path(folder), moves)]
    assert all(before < after for before, after in itertools.pairwise(seen)), seen


def _grow(folder: Path, moves: list[str]) -> Iterator[Path]:
    save(folder, "start")
    released = [0, 0, 0]
    yield folder
    for move in moves:
        if move == "merge":
            git("switch", "--quiet", "-c", "side", cwd=folder)
            save(folder, "side")
            git("switch", "--quiet", "main", cwd=folder)
            git("merge", "--quiet", "--no-ff", "-m", "merge", "side", cwd=folder)
            git("branch", "--quiet", "-D", "side", cwd=folder)
        else:
            save(folder, move)
        if move in {"patch", "minor"}:
            released = [0, released[1] + 1, 0] if move == "minor" else [0, released[1], released[2] + 1]
            git("tag", "v{}.{}.{}".format(*released), cwd=folder)
        yield folder


def test_a_shallow_clone_has_no_version(tmp_path: Path) -> None:
    origin = build_file_tree(tmp_path / "origin", {"file": "text"})
    save(origin, "one")
    save(origin, "two")
    git("clone", "--quiet", "--depth=1", f"file://{origin}", "shallow", cwd=tmp_path)
    done = run(ACTIONS / "build-image" / "version.sh", cwd=tmp_path / "shallow")
    assert done.returncode == 1
    assert "fetch-depth: 0" in done.stderr


@pytest.fixture(scope="module")
def scanners(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runner's temporary folder with the scanners in it."""
    folder = tmp_path_factory.mktemp("runner")
    tools = ROOT / "workflows" / "tools" / "scan.txt"
    done = run(ACTIONS / "install.sh", folder / "scan", tools, cwd=folder, env={"RUNNER_TEMP": str(folder)})
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "has_uv", [pytest.param(True, marks=pytest.mark.needs("uv")), False], ids=["uv", "no uv"]
)
def test_a_platform_of_ones_own_installs_the_idp_that_it_carries(tmp_path: Path, has_uv: bool) -> None:
    platform, runner, work = tmp_path / "platform", tmp_path / "runner", tmp_path / "work"
    idp("init", platform, "--repository", "acme/platform")
    (platform / "idp/__init__.py").write_text('__version__ = "7.8.9"\n')
    runner.mkdir()
    work.mkdir()
    (work / "typer.py").write_text("raise SystemExit('the code of whoever is checked was run')\n")
    found = [folder for folder in os.environ["PATH"].split(os.pathsep) if not Path(folder, "uv").exists()]
    found += [str(Path(program("uv")).parent)] if has_uv else []
    env = {"RUNNER_TEMP": str(runner), "PATH": os.pathsep.join([str(python_folder(tmp_path)), *found])}
    script = platform / "workflows/actions/setup-idp/install-idp.sh"
    for _ in range(2):
        done = run(script, cwd=work, env=env)
        assert done.returncode == 0, done.stderr
    shown = run(runner / "idp/bin/idp", "--version", cwd=work, env=env)
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, "idp 7.8.9\n", "")
    assert (runner / "uv").exists() == (not has_uv)


def python_folder(folder: Path) -> Path:
    """A folder for PATH with nothing but this Python, whose own folder may have uv in it."""
    made = folder / "python"
    made.mkdir()
    (made / "python3").symlink_to(sys._base_executable)  # type: ignore[attr-defined]  # noqa: SLF001
    return made


def scan(script: str, folder: Path, runner: Path, **env: str) -> tuple[int, str]:
    done = run(ACTIONS / "scan-source" / script, cwd=folder, env={"RUNNER_TEMP": str(runner), **env})
    return done.returncode, done.stdout + done.stderr


PASSWORD = "AKIA" + "ZX7QW2LM9TR4VB6N"
VULNERABLE = "jinja2==2.10 --hash=sha256:" + "a" * 64 + "\n"
FAULTS = {
    "a cloud key": ("secrets.sh", {"app/settings.py": f'KEY = "{PASSWORD}"\n'}, "AWS Access Key"),
    "a private key": (
        "secrets.sh",
        {"key.pem": "-----BEGIN RSA PRIVATE " + "KEY-----\nabc\n"},
        "Private Key",
    ),
    "a shell with user text": (
        "code.sh",
        {
            "pyproject.toml": "",
            "app/run.py": "import subprocess, sys\nsubprocess.call(sys.argv[1], shell=True)\n",
        },
        "B602",
    ),
    "a vulnerable dependency": ("dependencies.sh", {"requirements.txt": VULNERABLE}, "GHSA-seeded"),
    "a Dockerfile that is root's": ("dockerfile.sh", {"Dockerfile": "FROM debian\nRUN cd /tmp\n"}, "DL3006"),
    "a workflow with a tag for an action": (
        "workflows.sh",
        {
            ".github/workflows/x.yml": "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n"
            "    steps: [{uses: actions/checkout@v7}]\n"
        },
        "unpinned-uses",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_scan_finds_a_seeded_fault(fault: str, scanners: Path, tmp_path: Path) -> None:
    script, files, finding = FAULTS[fault]
    save(build_file_tree(tmp_path, files))
    with advisories({("jinja2", "2.10"): "GHSA-seeded"}) as address:
        exit_code, said = scan(script, tmp_path, scanners, OSV_URL=address)
    assert exit_code != 0
    assert finding in said


@pytest.mark.parametrize("script", sorted({script for script, _, _ in FAULTS.values()}))
def test_a_scan_finds_nothing_in_a_new_service_nor_in_an_empty_repository(
    script: str, scanners: Path, service: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "service"
    shutil.copytree(service, mine)
    save(mine)
    empty = tmp_path / "empty"
    empty.mkdir()
    git("init", "--quiet", cwd=empty)
    with advisories({}) as address:
        for folder in (mine, empty):
            exit_code, said = scan(script, folder, scanners, OSV_URL=address)
            assert exit_code == 0, said


def test_a_dependency_that_cannot_be_looked_up_is_no_pass(scanners: Path, tmp_path: Path) -> None:
    save(build_file_tree(tmp_path, {"requirements.txt": VULNERABLE}))
    exit_code, _ = scan("dependencies.sh", tmp_path, scanners, OSV_URL="http://127.0.0.1:9/v1/query")
    assert exit_code != 0


@pytest.mark.parametrize(
    "name", ["ghcr.io", "ghcr.io/a b", "ghcr.io/a;touch pwned", "$(touch pwned)/a", "-v/x"]
)
def test_an_image_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    env = {
        "NAME": name,
        "VERSION": "1.0.0",
        "ARCHIVE": "none",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }
    done = run(ACTIONS / "publish-image" / "publish.sh", cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert "Not the name of an image repository" in done.stderr
    assert not list(tmp_path.iterdir())
