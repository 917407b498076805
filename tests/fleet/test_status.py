"""`idp status`: the fleet's table, from files alone."""

import shutil
from pathlib import Path

import pytest

from tests.command_line import Ran, idp
from tests.fleet.fleet_cases import LINES, PROJECT, Fleet, make_fleet, push
from tests.support import build_file_tree, git, save


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return make_fleet(tmp_path)


def status(fleet: Fleet, *options: str) -> Ran:
    return idp("status", "--platform", fleet.platform, "--output", "json", *options)


def row(ran: Ran, name: str) -> dict[str, object]:
    found: dict[str, object] = next(one for one in ran.json["data"]["services"] if one["name"] == name)
    return found


def release(fleet: Fleet, environment: str, service: str, version: str) -> None:
    text = f"RELEASE_IMAGE=example.org/x@sha256:{'0' * 64}\nRELEASE_VERSION={version}\nRELEASE_REVISION={'0' * 40}\n"
    build_file_tree(fleet.platform, {f"environments/{environment}/{service}/release.env": text})


def test_the_table_has_version_behind_drift_update_and_releases(fleet: Fleet) -> None:
    bare = fleet.add("pay", files={"text.txt": "edited\n"})
    fleet.add("shop")
    for environment, version in (("dev", "1.3.0"), ("prod", "1.2.0")):
        release(fleet, environment, "pay", version)
    build_file_tree(
        fleet.platform, {"environments/environments.yaml": "environments: [{name: prod}, {name: dev}]\n"}
    )
    fleet.release("v1.1.0", {f"{PROJECT}/Makefile": "all:\n"})
    fleet.release("v1.2.0", {f"{PROJECT}/Makefile": "all:\n\ttrue\n"})
    fleet.release("v2.0.0rc1", {f"{PROJECT}/Makefile": "rc:\n"})
    push(bare, "idp/update-v1.1.0", {"x": "x"}, onto="main")
    push(bare, "idp/update-v0.9.0", {"x": "y"}, onto="main")
    shown = status(fleet)
    assert shown.exit_code == 0
    assert shown.json["data"]["environments"] == ["prod", "dev"]
    assert row(shown, "pay") == {
        "name": "pay",
        "owner": "@acme/team",
        "template": "small",
        "version": "v1.0.0",
        "behind": 2,
        "drift": None,
        "open_update": "v1.1.0",
        "releases": {"prod": "1.2.0", "dev": "1.3.0"},
        "failure": None,
    }
    assert row(shown, "shop")["releases"] == {}
    assert row(status(fleet, "--drift"), "pay")["drift"] == 1
    assert row(status(fleet), "pay")["drift"] == 1
    assert row(status(fleet), "shop")["drift"] == 0
    push(bare, "main", {"more.txt": "x"}, onto="main")
    assert row(status(fleet), "pay")["drift"] is None


def test_nothing_is_fetched_unless_asked_for(fleet: Fleet) -> None:
    bare = fleet.add("svc")
    fleet.entry("svc", repository=bare.as_uri(), template_version="v1.0.0")
    before = row(status(fleet), "svc")
    assert before["failure"]["code"] == "never-fetched"  # type: ignore[index]
    assert before["version"] == "v1.0.0"
    assert row(status(fleet, "--fetch"), "svc")["behind"] == 0
    answers = git("show", "main:.copier-answers.yml", cwd=bare).replace("v1.0.0", "v1.1.0")
    push(bare, "main", {".copier-answers.yml": answers}, onto="main")
    assert row(status(fleet), "svc")["version"] == "v1.0.0"
    assert row(status(fleet, "--fetch"), "svc")["version"] == "v1.1.0"
    shutil.rmtree(bare)
    gone = row(status(fleet, "--fetch"), "svc")
    assert gone["version"] == "v1.1.0"
    assert gone["failure"]["code"] == "service-unreachable"  # type: ignore[index]


def test_references_are_found_however_git_keeps_them(fleet: Fleet) -> None:
    bare = fleet.add("packed")
    push(bare, "idp/update-v1.1.0", {"x": "x"}, onto="main")
    git("pack-refs", "--all", cwd=bare)
    work = fleet.root / "clone"
    git("clone", "--quiet", bare, work, cwd=fleet.root)
    linked = fleet.root / "linked"
    git("worktree", "add", "--quiet", "-b", "side", linked, cwd=work)
    fleet.entry("worktree", repository=str(work))
    fleet.entry("linked", repository=str(linked))
    shown = status(fleet)
    assert row(shown, "packed")["open_update"] == "v1.1.0"
    assert {name: row(shown, name)["version"] for name in ("packed", "worktree", "linked")} == dict.fromkeys(
        ("packed", "worktree", "linked"), "v1.0.0"
    )


def test_what_cannot_be_known_is_said_and_hides_nothing_else(fleet: Fleet) -> None:
    fleet.add("fine")
    fleet.entry("gone", repository=str(fleet.root / "gone.git"), template_version="v1.0.0")
    build_file_tree(
        fleet.platform / "environments", {"catalog/bad.yaml": "[", "dev/fine/release.env": b"\xff\x00"}
    )
    fleet.add("no-answers", files={".copier-answers.yml": "nothing\n"})
    (fleet.platform / "environments/dev/fine/link").symlink_to("/etc")
    shown = status(fleet)
    assert shown.exit_code == 0
    assert row(shown, "gone")["version"] == "v1.0.0"
    codes = {name: row(shown, name)["failure"]["code"] for name in ("gone", "bad", "no-answers")}  # type: ignore[index]
    assert codes == {
        "gone": "service-unreachable",
        "bad": "catalog-entry-invalid",
        "no-answers": "answers-invalid",
    }
    text = idp("status", "--platform", fleet.platform)
    assert "3 of which less is known" in text.stdout


def test_select_narrows_the_table_and_an_empty_catalog_is_no_error(fleet: Fleet) -> None:
    assert status(fleet).json["data"]["services"] == []
    assert "0 services" in idp("status", "--platform", fleet.platform).stdout
    for name in ("pay", "shop"):
        fleet.add(name)
    shown = status(fleet, "--select", "name=p*")
    assert [one["name"] for one in shown.json["data"]["services"]] == ["pay"]
    assert idp("status", "--select", "x=y", "--platform", fleet.platform).exit_code == 2


def test_a_platform_without_a_work_tree_is_read_from_git(fleet: Fleet) -> None:
    fleet.add("svc")
    release(fleet, "dev", "svc", "1.0.0")
    save(fleet.platform, "catalog")
    bare = fleet.root / "platform.git"
    git("clone", "--quiet", "--bare", fleet.platform, bare, cwd=fleet.root)
    done = idp("status", "--platform", bare, "--output", "json")
    assert row(done, "svc")["releases"] == {"dev": "1.0.0"}


def test_a_damaged_cache_is_an_empty_one(fleet: Fleet, tmp_path: Path) -> None:
    fleet.add("svc")
    expected = status(fleet).stdout
    cache = tmp_path / "cache/idp/fleet/facts.json"
    for damage in (
        b"",
        b"{",
        b"[]",
        b'{"format": 1, "commits": {"x": 1}}',
        b'{"format": 1, "commits": {"x": {"a": 1}}}',
    ):
        cache.write_bytes(damage)
        assert status(fleet).stdout == expected


def test_the_line_of_a_service_with_hostile_text_steers_no_terminal(fleet: Fleet) -> None:
    bare = fleet.add("svc")
    fleet.entry("svc", repository=str(bare), owner="@a\x1b[2J\nnext", template_version=LINES)
    shown = idp("status", "--platform", fleet.platform)
    assert "\x1b" not in shown.stdout
    assert len(shown.stdout.splitlines()) == 4
