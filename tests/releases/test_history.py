"""`idp history`: who moved what when, whoever did it and however it came in."""

from pathlib import Path

import pytest

from tests.releases.cases import KINDS, OPEN_CHAIN, REVISION, World, image, work_tree
from tests.support import git, save

PROD = "environments/prod/payments/release.env"


def moves(world: World, *words: str) -> list[tuple[str, str, str | None, str | None]]:
    done = world.idp("history", *words, "--output", "json")
    assert done.exit_code == 0, done.stdout
    return [
        (
            one["environment"],
            one["kind"],
            *(one[side] and one[side]["version"] for side in ("before", "after")),
        )
        for one in done.json["data"]["moves"]
    ]


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_move_is_told_newest_first_with_who_and_why(tmp_path: Path, kind: str) -> None:
    world = KINDS[kind](tmp_path, ["orders", "payments"])
    world.promoted("payments", "1.0.0", "staging", "prod")
    world.promoted("payments", "1.1.0", "staging", "prod")
    assert world.idp("rollback", "payments", "--env", "prod", "--reason", "too slow").exit_code == 0
    world.released("orders", "3.0.0")
    assert moves(world, "payments") == [
        ("prod", "rollback", "1.1.0", "1.0.0"),
        ("prod", "promote", "1.0.0", "1.1.0"),
        ("staging", "promote", "1.0.0", "1.1.0"),
        ("dev", "release", "1.0.0", "1.1.0"),
        ("prod", "promote", None, "1.0.0"),
        ("staging", "promote", None, "1.0.0"),
        ("dev", "release", None, "1.0.0"),
    ]
    assert moves(world)[0] == ("dev", "release", None, "3.0.0")
    assert [one[0] for one in moves(world, "--env", "prod")] == ["prod"] * 3
    shown = world.idp("history").stdout
    assert "Test: too slow" in shown
    data = world.idp("history", "--env", "prod", "--output", "json").json["data"]
    (figures,) = data["figures"]
    assert (figures["deployments"], figures["failures"], figures["failure_rate"]) == (2, 1, 0.5)
    assert figures["lead_times"] == 2
    assert data["moves"][0]["by"] == "Test <test@example.org>"


def test_what_people_do_by_hand_and_by_merges_is_told_too(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    world.released("payments", "1.0.0")
    assert world.idp("promote", "payments", "--to", "prod", "--release", "1.0.0", "--pr").exit_code == 0
    git("merge", "--quiet", "--no-ff", "-m", "Merge #1", "idp/promote/prod/payments", cwd=world.platform)
    text = (
        f"# by hand\nRELEASE_IMAGE={image('payments', '2.0.0')}\nRELEASE_VERSION=2.0.0\n"
        f"RELEASE_REVISION={REVISION}\n"
    )
    world.write({PROD: text}, "hot fix")
    world.write({PROD: text.replace("by hand", "a comment")}, "only a comment")
    git("rm", "--quiet", PROD, cwd=world.platform)
    save(world.platform, "gone\n\nIdp-Action: promote\nIdp-Service: payments\n")
    assert moves(world, "--env", "prod") == [
        ("prod", "remove", "2.0.0", None),
        ("prod", "edit", "1.0.0", "2.0.0"),
        ("prod", "promote", None, "1.0.0"),
    ]


def test_a_message_cannot_forge_a_commit(tmp_path: Path) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    world.released("payments", "1.0.0")
    text = (world.file("environments/dev/payments/release.env") or b"").decode()
    name = "f" * 40
    world.write({PROD: text}, f"x\n\x01{name}\x02\n\x01{name}")
    found = world.idp("history", "--env", "prod", "--output", "json").json["data"]["moves"]
    assert [one["commit"] for one in found] == [world.tip()]
    assert "\x01" not in world.idp("history").stdout


def test_since_leaves_out_what_came_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-01-10T12:00:00+00:00")
    world.released("payments", "1.0.0")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-02-10T12:00:00+00:00")
    world.released("payments", "1.1.0")
    assert [one[3] for one in moves(world, "--since", "2026-02-01")] == ["1.1.0"]
    assert [one[3] for one in moves(world, "--since", "2026-02-10T13:00:00+02:00")] == ["1.1.0"]
    assert len(moves(world, "--since", "2000w")) == 2
    for text in ("soon", "0d", "2026-13-01"):
        assert world.idp("history", "--since", text).exit_code == 2


def test_a_platform_in_which_nothing_happened_says_so(tmp_path: Path) -> None:
    done = work_tree(tmp_path).idp("history")
    assert done.exit_code == 0
    assert "Nothing has been moved" in done.stdout


def test_a_shallow_clone_gives_no_answer(tmp_path: Path) -> None:
    world = work_tree(tmp_path)
    world.released("payments", "1.0.0")
    shallow = tmp_path / "shallow.git"
    git("clone", "--quiet", "--bare", "--depth=1", world.platform.as_uri(), shallow, cwd=tmp_path)
    done = World(shallow, shallow).idp("history")
    assert done.exit_code == 1
    assert "shallow" in done.stderr
