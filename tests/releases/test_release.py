"""`idp release`: one immutable record and a pin in the first environment, in one commit."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from idp.releases.record import RECORD_SCHEMA
from tests.releases.cases import CHAIN, KINDS, REVISION, World, image, tree, work_tree
from tests.support import build_file_tree, git, save

RECORD = "environments/releases/payments/1.0.0.json"


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    made: World = request.param(tmp_path)
    return made


def words(**changed: str) -> list[str]:
    given = {"version": "1.0.0", "image": image("payments", "1.0.0"), "revision": REVISION, **changed}
    return ["release", "payments", *(word for name, value in given.items() for word in (f"--{name}", value))]


def test_a_release_is_a_record_and_a_pin_in_one_commit(world: World) -> None:
    before = world.tip()
    evidence = ("--check", "unit=passed,https://ci.example.org/1", "--check", "scan=failed")
    done = world.idp(
        *words(), *evidence, "--built-at", "2026-11-23T08:00:00+01:00",
        "--sbom-digest", f"sha256:{'5' * 64}", "--provenance", "https://ci.example.org/builder,https://ci.example.org/statement",
        "--template-version", "v9.9.9", "--output", "json",
    )  # fmt: skip
    assert done.exit_code == 0, done.stdout
    assert git("rev-list", "--count", f"{before}..main", cwd=world.truth) == "1"
    changed = git("diff", "--name-only", before, "main", cwd=world.truth).split()
    assert changed == ["environments/dev/payments/release.env", RECORD]
    record = json.loads(world.file(RECORD) or b"")
    Draft202012Validator(RECORD_SCHEMA).validate(record)
    assert record["checks"] == {
        "scan": {"state": "failed"},
        "unit": {"state": "passed", "url": "https://ci.example.org/1"},
    }
    assert (record["built_at"], record["template"], record["template_version"]) == (
        "2026-11-23T07:00:00Z",
        "fastapi",
        "v9.9.9",
    )
    pin = world.pin("dev", "payments")
    assert pin is not None
    assert (pin.image, pin.version, pin.revision) == (record["image"], "1.0.0", REVISION)
    data = done.json["data"]
    assert (data["pinned"], data["recorded"], data["commit"]) == (True, True, world.tip())


def test_the_same_release_again_changes_nothing(world: World) -> None:
    world.released("payments", "1.0.0")
    before = world.refs()
    done = world.idp(*words(), "--check", "unit=passed")
    assert done.exit_code == 0
    assert "nothing to do" in done.stdout
    other = world.idp(*words(), "--check", "unit=failed")
    assert other.exit_code == 0
    assert "never rewritten" in other.stdout
    assert world.refs() == before


@pytest.mark.parametrize(
    "changed", [{"image": image("payments", "2.0.0")}, {"revision": "2" * 40}], ids=["digest", "revision"]
)
def test_a_version_is_one_artifact_for_ever(tmp_path: Path, changed: dict[str, str]) -> None:
    world = work_tree(tmp_path)
    world.released("payments", "1.0.0")
    before = world.refs()
    done = world.idp(*words(**changed))
    assert done.exit_code == 1
    assert "recorded with another" in done.stderr
    assert "raise the version" in done.stderr
    assert world.refs() == before


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"image": "registry.example.org/payments:1.0.0"}, "name its digest"),
        ({"image": "registry.example.org/payments@sha256:abc"}, "sha256"),
        ({"version": "v1.0.0"}, "no leading v"),
        ({"version": "1.0.0+build"}, "+"),
        ({"revision": "abc123"}, "40"),
        ({"check": "unit"}, "NAME=passed"),
        ({"check": "unit=green"}, "NAME=passed"),
        ({"built-at": "yesterday"}, "zone"),
        ({"built-at": "2026-11-23T08:00:00"}, "zone"),
        ({"sbom-digest": "abc"}, "sbom"),
        ({"check": "x" * 500 + "=passed"}, "check"),
    ],
)
def test_what_no_record_can_hold_is_refused_before_anything_is_written(
    tmp_path: Path, changed: dict[str, str], told: str
) -> None:
    world = work_tree(tmp_path)
    before = world.refs()
    done = world.idp(*words(**changed))
    assert done.exit_code in {1, 2}
    assert told.lower() in done.stderr.lower()
    assert world.refs() == before


def test_an_unknown_service_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    world = work_tree(tmp_path, ["orders", "payments"])
    done = world.idp("release", "paymnets", *words()[2:])
    assert done.exit_code == 1
    assert "orders, payments" in done.stderr


@pytest.mark.parametrize("name", ["../payments", "Payments", "a" * 41, "--help-me", "a\x1b[31m"])
def test_a_name_that_is_none_reaches_no_file(tmp_path: Path, name: str) -> None:
    world = work_tree(tmp_path)
    done = world.idp("release", *words()[2:], "--", name)
    assert done.exit_code == 2
    assert "\x1b" not in done.stderr


def test_a_release_that_is_held_is_recorded_and_not_pinned(tmp_path: Path) -> None:
    world = work_tree(tmp_path)
    world.released("payments", "1.0.0")
    world.released("payments", "1.1.0")
    assert (
        world.idp("hold", "payments", "--env", "dev", "--release", "1.1.0", "--reason", "leaks").exit_code
        == 0
    )
    same_image = image("payments", "1.1.0")
    done = world.idp(*words(version="1.1.1", image=same_image))
    assert done.exit_code == 0
    assert "not pinned in dev" in done.stdout
    assert "leaks" in done.stdout
    assert world.version("dev", "payments") == "1.1.0"
    assert world.file("environments/releases/payments/1.1.1.json") is not None


def test_the_first_environments_own_gates_count(tmp_path: Path) -> None:
    world = work_tree(
        tmp_path, chain=CHAIN.replace("- name: dev", "- name: dev\n    gates: {checks: [unit]}")
    )
    failed = world.idp(*words(), "--check", "unit=failed")
    assert failed.exit_code == 0
    assert "Failed: unit" in failed.stdout
    assert world.pin("dev", "payments") is None
    world.released("payments", "1.0.1")
    assert world.version("dev", "payments") == "1.0.1"


def test_a_persons_comments_in_release_env_stay(tmp_path: Path) -> None:
    world = work_tree(tmp_path)
    world.released("payments", "1.0.0")
    path = "environments/dev/payments/release.env"
    world.write({path: b"# ours\n\n" + (world.file(path) or b"") + b"# the end\n"})
    world.released("payments", "1.1.0")
    text = (world.file(path) or b"").decode()
    assert text.startswith("# ours\n\n")
    assert text.endswith("# the end\n")
    assert world.version("dev", "payments") == "1.1.0"


def test_a_dry_run_says_what_it_would_do(world: World) -> None:
    before = world.refs()
    done = world.idp(*words(), "--dry-run")
    assert done.exit_code == 0
    assert "Would record" in done.stdout
    assert world.refs() == before


def test_a_platform_without_environments_says_so(tmp_path: Path) -> None:
    files = {
        path: text for path, text in tree(["payments"]).items() if not path.endswith("environments.yaml")
    }
    save(build_file_tree(tmp_path / "old", files))
    world = World(tmp_path / "old", tmp_path / "old")
    done = world.idp(*words())
    assert done.exit_code == 1
    assert "environments/environments.yaml" in done.stderr


def test_without_a_platform_of_ones_own_nothing_is_written_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.command_line import idp

    monkeypatch.chdir(tmp_path)
    done = idp(*words(), cwd=tmp_path)
    assert done.exit_code == 1
    assert "--platform" in done.stderr


def test_the_environments_may_live_in_a_repository_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    platform, apart = work_tree(tmp_path / "a"), tmp_path / "apart"
    files = {path: text for path, text in tree(["payments"]).items() if path.startswith("environments/")}
    save(build_file_tree(apart, files))
    before = platform.refs()
    monkeypatch.setenv("IDP_ENVIRONMENTS", str(apart))
    done = platform.idp(*words())
    assert done.exit_code == 0, done.stderr
    assert World(apart, apart).version("dev", "payments") == "1.0.0"
    assert platform.refs() == before
