"""Thirty promotions at once: none is lost, none is doubled, no file is corrupt."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from idp.releases.promote import promote
from idp.releases.promotion_result import PromotionState
from tests.releases.cases import OPEN_CHAIN, World, bare_origin, image, work_tree
from tests.support import git

MANY = 30
SERVICES = [f"service-{number:02}" for number in range(MANY)]
KINDS = {"work tree": work_tree, "bare origin": bare_origin}


def prepared(kind: str, folder: Path) -> World:
    """Every service has a release in dev; nothing is in staging yet."""
    world = KINDS[kind](folder, SERVICES, OPEN_CHAIN)
    pins = {
        f"environments/dev/{service}/release.env": (
            f"RELEASE_IMAGE={image(service, '1.0.0')}\nRELEASE_VERSION=1.0.0\nRELEASE_REVISION={'1' * 40}\n"
        )
        for service in SERVICES
    }
    world.write(pins, "chore: what runs in dev")
    return world


def at_once(actions: Sequence[Callable[[], object]]) -> list[int]:
    """Do things in processes that all begin at the same moment; their exit codes."""
    gate_out, gate_in = os.pipe()
    children = []
    for action in actions:
        child = os.fork()
        if child == 0:
            code = 70
            try:
                os.close(gate_in)
                os.read(gate_out, 1)  # until the parent closes its end
                code = int(action() or 0)  # type: ignore[call-overload]
            finally:
                os._exit(code)
        children.append(child)
    os.close(gate_in)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    os.close(gate_out)
    return codes


def promoting(world: World, service: str, cache: Path) -> Callable[[], object]:
    """A promotion by somebody with a cache, and so a mirror, of their own; 1 if it did it, 2 if it was done already."""

    def action() -> int:
        os.environ["XDG_CACHE_HOME"] = str(cache)
        done = promote(service, "staging", platform=str(world.platform))
        return {PromotionState.DONE: 1, PromotionState.UNCHANGED: 2}[done.state]

    return action


def commits_in_staging(world: World) -> list[str]:
    listed = git("log", "--format=%H", "main", "--", "environments/staging/*/release.env", cwd=world.truth)
    return listed.split()


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_thirty_promotions_of_different_services_all_arrive_once(tmp_path: Path, kind: str) -> None:
    world = prepared(kind, tmp_path)
    # Three on each machine: some queue up at a lock, the others learn of each other by compare-and-swap alone.
    actions = [
        promoting(world, service, tmp_path / f"cache-{number % 10}")
        for number, service in enumerate(SERVICES)
    ]
    assert at_once(actions) == [1] * MANY
    commits = commits_in_staging(world)
    assert len(commits) == MANY
    for commit in commits:
        changed = git("show", "--format=", "--name-only", commit, cwd=world.truth).split()
        assert len(changed) == 1
        assert changed[0].endswith("/release.env")
    assert [world.version("staging", service) for service in SERVICES] == ["1.0.0"] * MANY
    git("fsck", "--strict", "--no-dangling", cwd=world.truth)
    if kind == "work tree":
        assert git("status", "--porcelain", cwd=world.truth) == ""


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_thirty_promotions_of_one_service_are_one(tmp_path: Path, kind: str) -> None:
    world = prepared(kind, tmp_path)
    actions = [promoting(world, SERVICES[0], tmp_path / f"cache-{number % 10}") for number in range(MANY)]
    codes = at_once(actions)
    # Two who push in the same second push the same commit, and both are right that it is there.
    assert 1 in codes
    assert set(codes) <= {1, 2}
    if kind == "work tree":
        assert sorted(codes) == [1] + [2] * (MANY - 1)
    assert len(commits_in_staging(world)) == 1
    assert world.version("staging", SERVICES[0]) == "1.0.0"
    if kind == "work tree":
        assert git("status", "--porcelain", cwd=world.truth) == ""


def test_promotions_beside_a_persons_commits_lose_neither(tmp_path: Path) -> None:
    world = prepared("bare origin", tmp_path)
    clone = tmp_path / "person"
    git("clone", "--quiet", world.truth, clone, cwd=tmp_path)

    def person() -> int:
        for number in range(5):
            git("commit", "--quiet", "--allow-empty", "-m", f"person {number}", cwd=clone)
            while os.system(f"cd {clone} && git pull -q --rebase && git push -q 2>/dev/null"):  # noqa: S605
                pass
        return 1

    actions = [promoting(world, service, tmp_path / service) for service in SERVICES[:6]]
    assert at_once([person, *actions]) == [1] * 7
    subjects = git("log", "--format=%s", "main", cwd=world.truth)
    assert [subjects.count(f"person {number}") for number in range(5)] == [1] * 5
    assert len(commits_in_staging(world)) == 6
