"""`idp update --fleet` when it is interrupted, killed, or meets repositories on other machines that move."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from idp.fleet.pool import pooled
from idp.forges.local.forge import LocalForge
from idp.git import mirror as fleet_store
from tests.command_line import Ran, idp
from tests.fleet.fleet_cases import LINES, PROJECT, Fleet, branches, make_fleet, push
from tests.support import git

BRANCH = "idp/update-v1.1.0"
SLOW = "lint:\n\t@true\ntest:\n\t@sleep 0.3\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return make_fleet(tmp_path)


def outdated(fleet: Fleet, count: int, files: dict[str, str] | None = None) -> Fleet:
    for number in range(count):
        fleet.add(f"svc-{number}", files=files)
    fleet.release("v1.1.0", {f"{PROJECT}/text.txt": LINES + "more\n"})
    return fleet


def update(fleet: Fleet, *options: str) -> Ran:
    return idp("update", "--fleet", "--platform", fleet.platform, "--output", "json", *options)


def start(fleet: Fleet, *options: str) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "idp",
        "update",
        "--fleet",
        "--platform",
        str(fleet.platform),
        "--output",
        "json",
    ]
    return subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        cwd=fleet.root,
    )  # fmt: skip


def finished(fleet: Fleet) -> None:
    """Every service has its update branch and exactly one pull request, and nothing else."""
    for bare in fleet.services.values():
        assert set(branches(bare)) == {"main", BRANCH}
        assert len(LocalForge().list_open(str(bare))) == 1
        git("fsck", "--no-dangling", cwd=bare)


@pytest.mark.slow
@pytest.mark.parametrize("whole_group", [True, False], ids=["with its workers", "alone"])
def test_killed_at_any_moment_running_again_finishes(fleet: Fleet, whole_group: bool) -> None:
    outdated(fleet, 6)
    began = time.monotonic()
    assert start(fleet, "--pr", "--dry-run").wait(120) == 0
    duration = time.monotonic() - began
    for moment in range(6):
        child = start(fleet, "--pr")
        time.sleep(duration * (0.4 + 0.25 * moment))
        if whole_group:
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
        child.communicate(timeout=60)
    _no_process_is_left(fleet)
    assert update(fleet, "--pr").exit_code == 0
    finished(fleet)


def _no_process_is_left(fleet: Fleet) -> None:
    """Workers end when their parent does."""
    for _ in range(100):
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        if str(fleet.platform) not in listed:
            return
        time.sleep(0.1)
    raise AssertionError(listed)


def test_ctrl_c_ends_with_a_report_of_what_was_reached_and_the_next_run_goes_on(fleet: Fleet) -> None:
    outdated(fleet, 8, {"Makefile": SLOW})
    child = start(fleet, "--test", "--pr", "--jobs", "1")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not any(
        BRANCH in branches(bare) for bare in fleet.services.values()
    ):
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    data = json.loads(out)["data"]
    reached = {entry["name"] for entry in data["services"]}
    assert data["interrupted"]
    assert reached.isdisjoint(data["interrupted"])
    assert reached | set(data["interrupted"]) == set(fleet.services)
    assert "Traceback" not in err
    _no_process_is_left(fleet)
    assert update(fleet, "--test", "--pr").exit_code == 0
    finished(fleet)


def _die_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def test_a_worker_that_dies_costs_its_own_service_alone() -> None:
    items = {str(number): number for number in range(8)}
    expected = {str(number): None if number == 3 else number * number for number in range(8)}
    assert dict(pooled(_die_at_three, items, 2)) == expected


def test_a_service_behind_a_url_is_mirrored_and_updated_there(fleet: Fleet) -> None:
    bare = fleet.add("svc")
    fleet.entry("svc", repository=bare.as_uri(), template_version="v1.0.0")
    fleet.release("v1.1.0", {f"{PROJECT}/text.txt": LINES + "more\n"})
    assert update(fleet, "--dry-run").json["data"]["totals"]["clean"] == 1
    moved = push(bare, "main", {"new.txt": "new\n"}, onto="main")
    assert update(fleet, "--pr").exit_code == 0
    assert git("rev-parse", f"{BRANCH}^", cwd=bare) == moved
    shown = idp("status", "--platform", fleet.platform, "--output", "json").json["data"]["services"][0]
    assert (shown["version"], shown["behind"], shown["drift"], shown["open_update"]) == (
        "v1.0.0",
        1,
        0,
        "v1.1.0",
    )
    again = update(fleet, "--pr")
    assert again.json["data"]["services"][0]["delivery"]["pushed"] is False
    finished(fleet)


def test_a_default_branch_that_is_renamed_or_rewritten_is_followed(fleet: Fleet) -> None:
    bare = fleet.add("svc")
    fleet.entry("svc", repository=bare.as_uri(), template_version="v1.0.0")
    fleet.release("v1.1.0", {f"{PROJECT}/text.txt": LINES + "more\n"})
    assert update(fleet, "--dry-run").exit_code == 0
    git("branch", "-m", "main", "trunk", cwd=bare)
    git("symbolic-ref", "HEAD", "refs/heads/trunk", cwd=bare)
    tree = git("rev-parse", "trunk^{tree}", cwd=bare)
    rewritten = git("commit-tree", "-m", "squashed", tree, cwd=bare)
    git("update-ref", "refs/heads/trunk", rewritten, cwd=bare)
    assert update(fleet, "--pr").exit_code == 0
    assert git("rev-parse", f"{BRANCH}^", cwd=bare) == rewritten
    assert LocalForge().list_open(str(bare))[0].base == "trunk"


def test_what_a_killed_git_leaves_in_a_mirror_is_no_obstacle_for_long(fleet: Fleet) -> None:
    bare = fleet.add("svc")
    fleet.entry("svc", repository=bare.as_uri(), template_version="v1.0.0")
    assert update(fleet).exit_code == 0
    mirror = fleet_store.mirror_folder(bare.as_uri())
    push(bare, "main", {"new.txt": "new\n"}, onto="main")
    (mirror / "refs/heads/main.lock").touch()
    (mirror / "packed-refs.lock").touch()
    outcomes = [update(fleet).exit_code for _ in range(2)]
    assert outcomes[-1] == 0


def test_an_empty_a_detached_and_a_corrupt_repository_are_failures_of_their_own(fleet: Fleet) -> None:
    fleet.add("fine")
    git("init", "--quiet", "--bare", fleet.root / "empty.git", cwd=fleet.root)
    fleet.entry("empty", repository=str(fleet.root / "empty.git"))
    detached = fleet.add("detached")
    (detached / "HEAD").write_text(git("rev-parse", "HEAD", cwd=detached) + "\n")
    corrupt = fleet.add("corrupt")
    shutil.rmtree(corrupt / "objects")
    (corrupt / "objects").mkdir()
    done = update(fleet)
    codes = {entry["name"]: (entry["failure"] or {}).get("code") for entry in done.json["data"]["services"]}
    assert codes == {
        "fine": None,
        "empty": "default-branch-missing",
        "detached": "default-branch-missing",
        "corrupt": "service-unreadable",
    }


def test_a_repository_that_refuses_the_push_says_so_and_the_others_go_on(fleet: Fleet) -> None:
    outdated(fleet, 2)
    hook = fleet.services["svc-0"] / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no branches today >&2\nexit 1\n")
    hook.chmod(0o755)
    done = update(fleet, "--pr")
    assert done.exit_code == 1
    entries = {entry["name"]: entry for entry in done.json["data"]["services"]}
    assert entries["svc-0"]["failure"]["code"] == "push-refused"
    assert entries["svc-0"]["state"] == "clean"
    assert entries["svc-1"]["delivery"]["opened"] is True
    hook.unlink()
    assert update(fleet, "--pr").exit_code == 0
    finished(fleet)


def test_a_local_work_tree_gets_a_branch_and_keeps_its_files(fleet: Fleet) -> None:
    bare = fleet.add("svc")
    work = fleet.root / "checkout"
    git("clone", "--quiet", bare, work, cwd=fleet.root)
    (work / "text.txt").write_text("being edited\n")
    fleet.entry("svc", repository=str(work))
    fleet.services["svc"] = work
    fleet.release("v1.1.0", {f"{PROJECT}/text.txt": LINES + "more\n"})
    assert update(fleet, "--pr").exit_code == 0
    assert git("status", "--porcelain", cwd=work) == "M text.txt"
    finished(fleet)
