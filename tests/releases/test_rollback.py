"""`idp rollback`: the last release that was good there, from Git's topology alone; it stays rolled back."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.rollback import build
from idp.forges.local.forge import LocalForge
from tests.command_line import idp
from tests.releases.cases import KINDS, OPEN_CHAIN, World, work_tree
from tests.support import git

SAME_SECOND = {"GIT_COMMITTER_DATE": "@1790000000 +0000", "GIT_AUTHOR_DATE": "@1790000000 +0000"}


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """1.0.0 and 1.1.0 were good in prod; 1.2.0 is there now."""
    made: World = request.param(tmp_path, chain=OPEN_CHAIN)
    history(made, ["1.0.0", "1.1.0", "1.2.0"], good=["1.0.0", "1.1.0"])
    return made


def history(world: World, versions: Sequence[str], good: Sequence[str]) -> None:
    """Have prod run some versions, one after the other; some of them are marked as good."""
    for version in versions:
        world.released("payments", version)
        done = world.idp("promote", "payments", "--to", "prod", "--release", version, "--merge")
        assert done.exit_code == 0, done.stderr
        if version in good:
            world.good("prod", "payments")


def rollback(world: World, *words: str) -> tuple[int, str]:
    done = world.idp("rollback", "payments", "--env", "prod", *words)
    return done.exit_code, done.stdout + done.stderr


def prod(world: World) -> str | None:
    return world.version("prod", "payments")


def test_it_goes_back_to_the_last_known_good_release_and_holds_the_one_it_leaves(world: World) -> None:
    before = world.tip()
    code, said = rollback(world, "--reason", "errors since\nIdp-Release: 9.9.9")
    assert (code, prod(world)) == (0, "1.1.0")
    assert (
        git("diff", "--name-only", before, "main", cwd=world.truth)
        == "environments/prod/payments/release.env"
    )
    message = git("log", "-1", "--format=%B", "main", cwd=world.truth).splitlines()
    for line in ("Idp-Action: rollback", "Idp-From: 1.2.0", "Idp-Release: 1.1.0"):
        assert line in message
    assert "Idp-Reason: errors since Idp-Release: 9.9.9" in message
    assert "1.2.0 is held" in said
    again = world.idp("promote", "payments", "--to", "prod", "--release", "1.2.0", "--merge")
    assert again.exit_code == 11
    assert "errors since" in again.stdout
    assert rollback(world)[0] == 0
    assert prod(world) == "1.0.0"


def test_without_a_hold_the_release_may_come_again(world: World) -> None:
    tags = git("tag", cwd=world.truth)
    assert rollback(world, "--no-hold")[0] == 0
    assert git("tag", cwd=world.truth) == tags
    assert world.idp("promote", "payments", "--to", "prod", "--release", "1.2.0", "--merge").exit_code == 0


def test_a_held_release_is_passed_over(world: World) -> None:
    assert world.idp("hold", "payments", "--env", "prod", "--release", "1.1.0").exit_code == 0
    assert rollback(world)[0] == 0
    assert prod(world) == "1.0.0"


def test_a_version_can_be_named_if_it_was_good_there(world: World) -> None:
    world.released("payments", "1.3.0")
    before = world.refs()
    for version, told in (("1.3.0", "1.3.0 was good"), ("1.2.0", "1.2.0 was good"), ("no", "no was good")):
        code, said = rollback(world, "--to", version)
        assert (code, told in said) == (1, True)
    assert world.refs() == before
    assert rollback(world, "--to", "1.0.0")[0] == 0
    assert prod(world) == "1.0.0"


def test_nothing_to_go_back_to_is_said_with_what_was_passed_over(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    code, said = rollback(world)
    assert code == 1
    assert "no release in prod" in said
    history(world, ["1.0.0"], good=["1.0.0"])
    before = world.refs()
    code, said = rollback(world)
    assert code == 1
    assert "1.0.0: it is the image that is pinned now" in said
    assert world.refs() == before


def test_a_pull_request_does_the_same_and_holds_at_once(world: World) -> None:
    code, _ = rollback(world, "--pr")
    assert (code, prod(world)) == (0, "1.2.0")
    (opened,) = LocalForge().list_open(str(world.truth))
    assert "roll back payments from 1.2.0 to 1.1.0" in opened.title
    assert git("tag", "--list", "hold/prod/payments/1.2.0/1", cwd=world.truth) != ""
    assert rollback(world, "--pr")[0] == 0
    assert git("tag", "--list", "hold/*", cwd=world.truth) == "hold/prod/payments/1.2.0/1"


def test_the_config_comes_along_if_asked(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    path = "environments/prod/payments/config.env"
    history(world, ["1.0.0"], good=["1.0.0"])
    world.write({path: "LOG_LEVEL=debug\n"})
    history(world, ["1.1.0"], good=[])
    assert rollback(world)[0] == 0
    assert world.file(path) == b"LOG_LEVEL=debug\n"
    history(world, ["1.2.0"], good=[])
    before = world.tip()
    assert rollback(world, "--with-config")[0] == 0
    assert (prod(world), world.file(path)) == ("1.0.0", b"LOG_LEVEL=info\n")
    assert len(git("diff", "--name-only", before, "main", cwd=world.truth).split()) == 2
    history(world, ["1.3.0"], good=[])
    code, said = rollback(world, "--with-config")
    assert (code, "stays as it is" in said) == (0, True)


def test_a_dry_run_changes_nothing(world: World) -> None:
    before = world.refs()
    code, said = rollback(world, "--dry-run")
    assert (code, world.refs()) == (0, before)
    assert "Would take payments in prod 1.2.0 → 1.1.0" in said
    assert "would be held" in said


def test_tags_and_commits_of_the_same_second_are_told_apart_by_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SAME_SECOND.items():
        monkeypatch.setenv(name, value)
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    versions = ["1.0.0", "3.0.0", "2.0.0", "5.0.0", "4.0.0"]
    history(world, versions, good=versions)
    for expected in ("5.0.0", "2.0.0", "3.0.0", "1.0.0"):
        assert rollback(world)[0] == 0
        assert prod(world) == expected


def test_a_clock_that_goes_backwards_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    for second, version in zip((900, 500, 100), ("1.0.0", "1.1.0", "1.2.0"), strict=True):
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"@{1790000000 + second} +0000")
        history(world, [version], good=[version])
    assert rollback(world)[0] == 0
    assert prod(world) == "1.1.0"


def test_what_was_good_on_a_merged_side_branch_was_never_what_the_branch_ran(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    history(world, ["1.0.0"], good=["1.0.0"])
    git("switch", "--quiet", "--create", "side", cwd=world.platform)
    history(world, ["1.1.0"], good=["1.1.0"])
    git("switch", "--quiet", "main", cwd=world.platform)
    history(world, ["1.2.0"], good=[])
    git("merge", "--quiet", "--strategy=ours", "-m", "merge side", "side", cwd=world.platform)
    code, said = rollback(world)
    assert (code, prod(world)) == (0, "1.0.0"), said


def test_a_promotion_that_came_in_by_a_merge_counts_where_the_branch_ran_it(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    history(world, ["1.0.0"], good=["1.0.0"])
    world.released("payments", "1.1.0")
    done = world.idp("promote", "payments", "--to", "prod", "--release", "1.1.0", "--pr")
    assert done.exit_code == 0
    git(
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "Merge pull request #1",
        "idp/promote/prod/payments",
        cwd=world.platform,
    )
    world.good("prod", "payments")
    history(world, ["1.2.0"], good=[])
    assert rollback(world)[0] == 0
    assert prod(world) == "1.1.0"


@pytest.mark.parametrize(
    "kind", ["two digests", "another digest", "another version", "lightweight, another version", "on a tree"]
)
def test_a_tag_that_only_looks_like_a_good_mark_vouches_for_nothing(tmp_path: Path, kind: str) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    history(world, ["1.0.0"], good=["1.0.0"])
    history(world, ["1.1.0"], good=[])
    digest = world.pin("prod", "payments")
    assert digest is not None
    right = f"Idp-Digest: {digest.digest}"
    make = {
        "two digests": ("-m", f"x\n\n{right}\n{right}", "good/prod/payments/1.1.0", "main"),
        "lightweight, another version": ("good/prod/payments/1.1.1", "main"),
        "another digest": ("-m", f"x\n\nIdp-Digest: sha256:{'7' * 64}", "good/prod/payments/1.1.0", "main"),
        "another version": ("-m", f"x\n\n{right}", "good/prod/payments/1.1.1", "main"),
        "on a tree": ("-m", f"x\n\n{right}", "good/prod/payments/1.1.0", "main^{tree}"),
    }
    git("tag", *make[kind], cwd=world.platform)
    history(world, ["1.2.0"], good=[])
    assert rollback(world)[0] == 0
    assert prod(world) == "1.0.0"


@pytest.mark.parametrize("words", [(), ("-m", "looked at it, it is good")])
def test_a_good_mark_made_by_hand_means_the_release_of_its_commit(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    history(world, ["1.0.0"], good=["1.0.0"])
    history(world, ["1.1.0"], good=[])
    git("tag", *words, "good/prod/payments/1.1.0", "main", cwd=world.platform)
    history(world, ["1.2.0"], good=[])
    assert rollback(world)[0] == 0
    assert prod(world) == "1.1.0"


def test_a_shallow_clone_gives_no_answer(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    history(world, ["1.0.0", "1.1.0"], good=["1.0.0"])
    shallow = tmp_path / "shallow.git"
    git("clone", "--quiet", "--bare", "--depth=2", world.platform.as_uri(), shallow, cwd=tmp_path)
    code, said = rollback(World(shallow, shallow))
    assert code == 1
    assert "shallow clone" in said
    assert "--unshallow" in said


def test_a_malformed_past_is_passed_over(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    history(world, ["1.0.0"], good=["1.0.0"])
    path = "environments/prod/payments/release.env"
    text = world.file(path) or b""
    commit = world.write({path: text + b"FOO=1\n"})
    digest = f"Idp-Digest: sha256:{'7' * 64}"
    git("tag", "-m", f"x\n\n{digest}", "good/prod/payments/1.0.1", commit, cwd=world.platform)
    world.write({path: text})
    history(world, ["1.1.0"], good=[])
    assert rollback(world)[0] == 0
    assert prod(world) == "1.0.0"


def test_going_back_needs_neither_a_catalog_entry_nor_a_record(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    history(world, ["1.0.0", "1.1.0"], good=["1.0.0"])
    world.write({"environments/catalog/payments.yaml": "]", "environments/releases/payments/1.0.0.json": "]"})
    assert rollback(world)[0] == 0
    assert prod(world) == "1.0.0"


def test_over_a_long_history_of_many_services_every_answer_is_right(tmp_path: Path) -> None:
    made = build(tmp_path / "long.git", commits=2500, services=20, seed=7)
    for number, (service, expected) in enumerate(made.last_known_good.items()):
        words = ("--env", "prod", "--platform", made.platform, "--dry-run", "--output", "json")
        done = idp("rollback", service, *words)
        found = done.json["data"] and done.json["data"]["version"]
        assert found == expected, f"{number}: {service} is at {made.present[service]}"
