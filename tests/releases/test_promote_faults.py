"""A release, promotion, rollback or hold that dies at any of its writes has happened or has not."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from idp.forges.local.forge import LocalForge
from tests.deaths import dying_at
from tests.releases.cases import KINDS, REVISION, World, image, located, work_tree
from tests.support import git

RELEASE = (
    "release",
    "payments",
    "--version",
    "1.2.0",
    "--image",
    image("payments", "1.2.0"),
    "--revision",
    REVISION,
)
ACTIONS: dict[str, Sequence[str]] = {
    "release": (*RELEASE, "--check", "unit=passed"),
    "promote": ("promote", "payments", "--to", "prod"),
    "promote with a pull request": ("promote", "payments", "--to", "prod", "--pr"),
    "rollback": ("rollback", "payments", "--env", "staging", "--reason", "bad"),
    "hold": ("hold", "payments", "--env", "prod", "--release", "1.1.0"),
}


def prepared(world: World, *, open_one: bool) -> World:
    """1.0.0 everywhere, 1.1.0 good in staging and not in prod yet; if asked for, its pull request is open."""
    world.promoted("payments", "1.0.0", "staging", "prod")
    world.promoted("payments", "1.1.0", "staging")
    if open_one:
        assert world.idp("promote", "payments", "--to", "prod", "--pr").exit_code == 0
    return world


def state(world: World) -> tuple[str | None, ...]:
    """What the truth says: pins, holds, the pull request, the record; not which commit's name says it."""
    pins = [world.version(name, "payments") for name in ("dev", "staging", "prod")]
    tags = git("tag", "--list", "hold/*", cwd=world.truth)
    record = str(world.file("environments/releases/payments/1.2.0.json") is not None)
    return (*pins, tags, record, *pull_request(world))


def pull_request(world: World) -> tuple[str | None, ...]:
    """Whether its branch is there, and whether it is open."""
    branch = "idp/promote/prod/payments"
    listed = git("for-each-ref", "--format=%(refname)", f"refs/heads/{branch}", cwd=world.truth)
    opened = LocalForge().find_open(str(world.truth), branch)
    return listed, opened.title if opened else None


def copied(world: World, folder: Path) -> World:
    """A copy of everything, so that the next death starts from the same."""
    shutil.copytree(world.platform.parent, folder, symlinks=True)
    made = World(folder / world.platform.name, folder / world.truth.name)
    if made.platform != made.truth:
        git("remote", "set-url", "origin", made.truth, cwd=made.platform)
    return made


def is_whole(world: World) -> bool:
    git("fsck", "--strict", "--no-dangling", cwd=world.truth)
    return not (world.truth / ".git").exists() or git("status", "--porcelain", cwd=world.truth) == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "action"),
    [
        *(("work tree", action) for action in ACTIONS),
        ("bare", "promote"),
        *(("bare origin", action) for action in ("promote", "promote with a pull request", "rollback")),
    ],
)
def test_dead_at_any_write_it_has_happened_or_not_and_the_next_run_ends_as_ever(
    tmp_path: Path, kind: str, action: str
) -> None:
    start = prepared(KINDS[kind](_made(tmp_path / "start")), open_one="--pr" not in ACTIONS[action])
    words = ACTIONS[action]
    whole = copied(start, tmp_path / "whole")
    before = state(whole)
    assert whole.idp(*words).exit_code == 0
    after, deaths = state(whole), 0
    for number in range(1, 200):
        world = copied(start, tmp_path / str(number))
        if not dying_at(number, _run(world, words)):
            break
        deaths += 1
        found = state(world)
        if "--pr" in words:  # its branch may lie there alone: nothing but a pull request makes it count
            found = (*found[:-2], *(before[-2:] if found[-1] is None else after[-2:]))
        assert found in (before, after), f"write {number}"
        located(world)  # as any next command does
        assert is_whole(world), f"write {number}"
        assert world.idp(*words).exit_code in ({0, 1} if action == "rollback" else {0}), f"write {number}"
        assert state(world) == after, f"write {number}"
        shutil.rmtree(tmp_path / str(number))
    assert deaths > 2, "the counter has to see the writes"


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _run(world: World, words: Sequence[str]) -> Callable[[], object]:
    return lambda: world.idp(*words)


def test_killed_at_any_moment_a_promotion_has_happened_or_not(tmp_path: Path) -> None:
    start = prepared(work_tree(_made(tmp_path / "start")), open_one=True)
    before, seen = state(start), set()
    for number in range(6):
        world = copied(start, tmp_path / str(number))
        argv = [
            sys.executable,
            "-m",
            "idp",
            "promote",
            "payments",
            "--to",
            "prod",
            "--platform",
            str(world.platform),
        ]
        child = subprocess.Popen(
            argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        _wait_for_sign_of_work(child, world, number)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for lock in world.truth.glob(".git/**/*.lock"):
            if lock.name != "idp-environments.lock":
                lock.unlink()  # what Git asks a person to do whose Git was killed
        found = state(world)
        seen.add(found == before)
        assert found[:3] in {("1.1.0", "1.1.0", "1.0.0"), ("1.1.0", "1.1.0", "1.1.0")}
        located(world)
        assert is_whole(world)
        assert world.idp("promote", "payments", "--to", "prod").exit_code == 0
        assert world.version("prod", "payments") == "1.1.0"


def _wait_for_sign_of_work(child: "subprocess.Popen[bytes]", world: World, number: int) -> None:
    """Until the lock is taken, or for some ones until the journal is there, plus a little that differs."""
    sign = world.truth / ".git" / ("idp-environments.json" if number % 2 else "idp-environments.lock")
    before = sign.stat().st_mtime_ns if sign.exists() else 0
    while child.poll() is None and (not sign.exists() or sign.stat().st_mtime_ns == before):
        time.sleep(0.001)
    time.sleep(0.004 * (number // 2))
