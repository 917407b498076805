"""`idp hold`: a release stays out of an environment until it is lifted; nothing is ever deleted."""

from pathlib import Path

import pytest

from tests.releases.cases import KINDS, OPEN_CHAIN, REVISION, World, image, work_tree
from tests.support import git


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    made: World = request.param(tmp_path, chain=OPEN_CHAIN)
    made.released("payments", "1.0.0")
    return made


def hold(world: World, *words: str) -> tuple[int, str]:
    done = world.idp("hold", "payments", "--env", "prod", "--release", "1.0.0", *words)
    return done.exit_code, done.stdout + done.stderr


def promote(world: World, version: str = "1.0.0") -> int:
    return world.idp("promote", "payments", "--to", "prod", "--release", version, "--merge").exit_code


def test_a_held_release_is_not_promoted_until_it_is_lifted(world: World) -> None:
    assert hold(world, "--reason", "CVE")[0] == 0
    assert promote(world) == 11
    assert hold(world, "--lift", "--reason", "patched")[0] == 0
    assert promote(world) == 0
    assert git("tag", "--list", "hold/*", "lifted/*", cwd=world.truth).split() == [
        "hold/prod/payments/1.0.0/1",
        "lifted/prod/payments/1.0.0/1",
    ]


def test_it_is_barred_from_one_environment_only(world: World) -> None:
    assert hold(world)[0] == 0
    assert world.idp("promote", "payments", "--to", "staging").exit_code == 0


def test_twice_is_once_and_each_hold_has_a_number(world: World) -> None:
    assert hold(world, "--lift")[1].startswith("· No hold of payments 1.0.0 stands in prod")
    assert hold(world)[0] == 0
    before = world.refs()
    code, said = hold(world)
    assert (code, world.refs()) == (0, before)
    assert "already" in said
    assert hold(world, "--lift")[0] == 0
    assert hold(world)[0] == 0
    assert promote(world) == 11
    assert "hold/prod/payments/1.0.0/2" in git("tag", cwd=world.truth)


def test_a_hold_bars_the_image_under_any_version(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    world.released("payments", "1.0.0")
    same = ("--version", "1.0.1", "--image", image("payments", "1.0.0"), "--revision", REVISION)
    assert world.idp("release", "payments", *same).exit_code == 0
    assert hold(world, "--reason", "leaks")[0] == 0
    assert promote(world, "1.0.1") == 11
    lift = world.idp("hold", "payments", "--env", "prod", "--release", "1.0.1", "--lift")
    assert lift.exit_code == 0
    assert "held as 1.0.0: leaks" in lift.stdout


def test_lifting_one_release_lets_no_other_in(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    for version in ("1.0.0", "1.1.0"):
        world.released("payments", version)
        world.idp("hold", "payments", "--env", "prod", "--release", version)
    assert hold(world, "--lift")[0] == 0
    assert (promote(world, "1.0.0"), promote(world, "1.1.0")) == (0, 11)


def test_a_hold_without_a_digest_in_its_message_bars_its_version(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    world.released("payments", "1.0.0")
    git("tag", "-m", "by hand", "hold/prod/payments/1.0.0/1", cwd=world.truth)
    assert promote(world) == 11


def test_a_hold_made_by_hand_bars_its_version_however_it_was_made(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    world.released("payments", "1.0.0")
    git("tag", "hold/prod/payments/1.0.0/1", cwd=world.truth)
    assert promote(world) == 11
    assert "already" in hold(world)[1]
    assert hold(world, "--lift")[0] == 0
    assert promote(world) == 0


def test_a_tag_that_only_takes_the_name_is_counted_on_from(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    world.released("payments", "1.0.0")
    git("tag", "hold/prod/payments/1.0.0/1", "main^{tree}", cwd=world.truth)
    git("tag", "lifted/prod/payments/1.0.0/2", "main^{tree}", cwd=world.truth)
    assert hold(world)[0] == 0
    assert "hold/prod/payments/1.0.0/2" in git("tag", cwd=world.truth)
    code, said = hold(world, "--lift")
    assert code == 1
    assert "lifted/prod/payments/1.0.0/2 exists" in said


@pytest.mark.parametrize("words", [(), ("--lift",)])
def test_a_dry_run_changes_nothing(world: World, words: tuple[str, ...]) -> None:
    if words:
        assert hold(world)[0] == 0
    before = world.refs()
    assert hold(world, *words, "--dry-run")[0] == 0
    assert world.refs() == before


def test_an_unknown_release_or_environment_is_refused(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    assert hold(world)[0] == 1
    assert world.idp("hold", "payments", "--env", "qa", "--release", "1.0.0").exit_code == 2
