"""`idp gate`: what a pull request does to environments, judged by its base; in a checkout as a pipeline has it."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.command_line import Ran, idp
from tests.releases.cases import CHAIN, REVISION, World, bare_origin, image, work_tree
from tests.support import build_file_tree, git, save

PIN = "environments/staging/payments/release.env"
RECORD = "environments/releases/payments/1.0.0.json"


def pin(version: str, image_of: str = "") -> str:
    return (
        f"RELEASE_IMAGE={image('payments', image_of or version)}\n"
        f"RELEASE_VERSION={version}\nRELEASE_REVISION={REVISION}\n"
    )


@pytest.fixture
def world(tmp_path: Path) -> World:
    """1.0.0 is verified in dev; the work tree is on a branch of its own."""
    made = work_tree(tmp_path)
    made.released("payments", "1.0.0")
    made.good("dev", "payments")
    made.released("payments", "1.1.0")
    git("switch", "--quiet", "--create", "change", cwd=made.platform)
    return made


def changed(world: World, files: Mapping[str, str | bytes], message: str = "by hand") -> str:
    return save(build_file_tree(world.platform, files), message)


def gate(world: World, *words: str) -> Ran:
    return idp("gate", *(words or ("--base", "main")), cwd=world.platform)


def test_a_promotion_whose_gates_have_passed_is_let_through(world: World) -> None:
    changed(world, {PIN: pin("1.0.0")})
    done = gate(world)
    assert done.exit_code == 0, done.stdout
    assert "✓ payments in staging: nothing → 1.0.0" in done.stdout
    assert "Verified in dev" in done.stdout


def test_a_change_of_other_things_is_none_of_its_business(world: World) -> None:
    changed(world, {"README.md": "x", "environments/staging/payments/config.env": "A=1\n"})
    done = gate(world)
    assert done.exit_code == 0
    assert "No release moves" in done.stdout


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({PIN: pin("1.1.0")}, "has not been verified in dev"),
        ({PIN: pin("1.0.0", "6.6.6")}, "names registry.example.org/payments:1.0.0@"),
        ({PIN: pin("1.0.0").replace(REVISION, "2" * 40)}, "another revision"),
        ({PIN: pin("3.0.0")}, "no release record"),
        ({PIN: pin("1.0.0") + "FOO=1\n"}, f"{PIN}:4"),
        ({"environments/qa/payments/release.env": pin("1.0.0")}, "no environment 'qa'"),
        ({"environments/staging/Payments/release.env": pin("1.0.0")}, "Payments"),
        ({RECORD: "{}"}, "never changed"),
        ({"environments/releases/payments/2.0.0.json": "{}"}, "schema_version"),
        ({"environments/environments.yaml": "environments: []\n"}, "environments.yaml:1"),
    ],
)
def test_what_must_not_be_merged_is_blocked_with_its_reason(
    world: World, files: dict[str, str], told: str
) -> None:
    changed(world, files)
    done = gate(world)
    assert done.exit_code == 11
    assert told in " ".join((done.stdout + done.stderr).split())


def test_a_record_that_is_deleted_is_blocked(world: World) -> None:
    git("rm", "--quiet", RECORD, cwd=world.platform)
    save(world.platform, "gone")
    assert gate(world).exit_code == 11


def test_a_pin_that_is_a_link_is_blocked(world: World) -> None:
    (world.platform / PIN).symlink_to("../../dev/payments/release.env")
    save(world.platform, "a link")
    done = gate(world)
    assert done.exit_code == 11
    assert "no plain file" in done.stdout


def test_a_release_may_be_taken_out(world: World) -> None:
    git("switch", "--quiet", "main", cwd=world.platform)
    changed(world, {PIN: pin("1.0.0")})
    git("switch", "--quiet", "--create", "out", cwd=world.platform)
    git("rm", "--quiet", PIN, cwd=world.platform)
    save(world.platform, "out")
    done = gate(world)
    assert done.exit_code == 0
    assert "taken out" in done.stdout


def test_evidence_that_comes_with_the_change_proves_nothing(world: World) -> None:
    record = json.loads((world.platform / RECORD).read_text())
    record |= {"version": "2.0.0", "image": image("payments", "2.0.0")}
    changed(world, {"environments/releases/payments/2.0.0.json": json.dumps(record), PIN: pin("2.0.0")})
    done = gate(world)
    assert done.exit_code == 11
    assert "no release record that was there before" in " ".join(done.stdout.split())


def test_a_new_release_may_bring_its_record_to_the_first_environment(world: World) -> None:
    record = json.loads((world.platform / RECORD).read_text())
    record |= {"version": "2.0.0", "image": image("payments", "2.0.0")}
    files = {
        "environments/releases/payments/2.0.0.json": json.dumps(record),
        "environments/dev/payments/release.env": pin("2.0.0"),
    }
    changed(world, files)
    assert gate(world).exit_code == 0


def test_a_change_cannot_loosen_its_own_gates(world: World) -> None:
    chain = CHAIN.replace("gates: {checks: all, verified_in: dev}", "gates: {}")
    changed(world, {"environments/environments.yaml": chain, PIN: pin("1.1.0")})
    assert gate(world).exit_code == 11


def test_a_hold_blocks(world: World) -> None:
    changed(world, {PIN: pin("1.0.0")})
    assert (
        world.idp("hold", "payments", "--env", "staging", "--release", "1.0.0", "--reason", "CVE").exit_code
        == 0
    )
    done = gate(world)
    assert done.exit_code == 11
    assert "CVE" in done.stdout


def test_several_services_are_judged_one_by_one(tmp_path: Path) -> None:
    world = work_tree(tmp_path, ["orders", "payments"])
    for service in ("orders", "payments"):
        world.released(service, "1.0.0")
    world.good("dev", "orders")
    git("switch", "--quiet", "--create", "change", cwd=world.platform)
    for service in ("orders", "payments"):
        text = (world.platform / f"environments/dev/{service}/release.env").read_text()
        changed(world, {f"environments/staging/{service}/release.env": text})
    done = gate(world)
    assert done.exit_code == 11
    assert "✓ orders in staging" in done.stdout
    assert "✗ payments in staging" in done.stdout


def test_what_the_base_has_meanwhile_is_no_move(world: World) -> None:
    changed(world, {PIN: pin("1.0.0")})
    git("switch", "--quiet", "main", cwd=world.platform)
    changed(world, {PIN: pin("1.0.0")})
    git("switch", "--quiet", "change", cwd=world.platform)
    assert "No release moves" in gate(world).stdout


def test_a_rollback_goes_through_a_freeze_and_a_lie_does_not(tmp_path: Path) -> None:
    world = work_tree(tmp_path)
    world.promoted("payments", "1.0.0", "staging")
    world.promoted("payments", "1.1.0", "staging")
    world.released("payments", "1.2.0")
    frozen = CHAIN.replace(
        "verified_in: dev}",
        "verified_in: dev, freeze: [{reason: holidays, time_zone: UTC, days: [mon, tue, wed, thu, fri, sat, sun]}]}",
    )
    world.write({"environments/environments.yaml": frozen})
    assert world.idp("rollback", "payments", "--env", "staging", "--pr").exit_code == 0
    done = gate(world, "--base", "main", "--head", "idp/promote/staging/payments")
    assert done.exit_code == 0, done.stdout
    assert "was good in staging before" in done.stdout
    git("switch", "--quiet", "--create", "lie", cwd=world.platform)
    trailers = "Idp-Action: rollback\nIdp-Service: payments\nIdp-Environment: staging\nIdp-Release: 1.2.0"
    changed(world, {PIN: pin("1.2.0")}, f"roll back\n\n{trailers}\n")
    assert gate(world).exit_code == 11
    git("switch", "--quiet", "--create", "unsaid", "main", cwd=world.platform)
    changed(world, {PIN: pin("1.0.0")})
    done = gate(world)
    assert done.exit_code == 11
    assert "holidays" in done.stdout


def test_in_a_pipeline_it_knows_what_it_runs_for_and_writes_the_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = bare_origin(tmp_path)
    world.released("payments", "1.0.0")
    done = world.idp("promote", "payments", "--to", "staging", "--pr")
    assert done.exit_code == 11
    world.good("dev", "payments")
    assert world.idp("promote", "payments", "--to", "staging", "--pr").exit_code == 0
    checkout = pipeline_checkout(world, tmp_path, monkeypatch)
    done = idp("gate", cwd=checkout)
    assert done.exit_code == 0, done.stdout + done.stderr
    summary = (tmp_path / "summary.md").read_text()
    assert "## Promotion gates" in summary
    assert "✅ passed" in summary
    # A hold that is set after the checkout was made, and before the check runs.
    assert world.idp("hold", "payments", "--env", "staging", "--release", "1.0.0").exit_code == 0
    assert idp("gate", cwd=checkout).exit_code == 11
    assert "❌ failed" in (tmp_path / "summary.md").read_text()


def pipeline_checkout(world: World, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What actions/checkout leaves for a pull request with fetch-depth: 0: a detached merge commit."""
    checkout = folder / "runner"
    git("clone", "--quiet", world.truth, checkout, cwd=folder)
    head = git("rev-parse", "origin/idp/promote/staging/payments", cwd=checkout)
    git("switch", "--quiet", "--detach", "origin/main", cwd=checkout)
    git("merge", "--quiet", "--no-ff", "-m", "merge", head, cwd=checkout)
    event = {
        "pull_request": {
            "base": {"sha": git("rev-parse", "origin/main", cwd=checkout), "ref": "main"},
            "head": {"sha": head, "ref": "idp/promote/staging/payments"},
        }
    }
    (folder / "event.json").write_text(json.dumps(event))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(folder / "event.json"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    return checkout


def test_tags_that_cannot_be_fetched_are_an_error_of_the_gates_and_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = bare_origin(tmp_path)
    world.released("payments", "1.0.0")
    world.good("dev", "payments")
    assert world.idp("promote", "payments", "--to", "staging", "--pr").exit_code == 0
    checkout = pipeline_checkout(world, tmp_path, monkeypatch)
    git("remote", "set-url", "origin", tmp_path / "gone.git", cwd=checkout)
    done = idp("gate", "--output", "json", cwd=checkout)
    assert done.exit_code == 11
    (judged,) = done.json["data"]["judged"]
    assert {one["name"]: one["state"] for one in judged["results"]}["hold"] == "errored"


def test_a_shallow_checkout_gives_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = bare_origin(tmp_path)
    world.released("payments", "1.0.0")
    git("clone", "--quiet", "--depth=1", world.truth.as_uri(), tmp_path / "shallow", cwd=tmp_path)
    done = idp("gate", cwd=tmp_path / "shallow")
    assert done.exit_code == 1
    assert "fetch-depth: 0" in done.stderr
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "missing.json"))
    assert "cannot be read" in idp("gate", cwd=tmp_path / "shallow").stderr


@pytest.mark.parametrize(
    "words", [("--base", "nope"), ("--base", "main", "--head", "--exec=x"), ("--base", "-x")]
)
def test_a_revision_that_is_none_is_refused(world: World, words: tuple[str, ...]) -> None:
    done = gate(world, *words)
    assert done.exit_code == 2


def test_outside_of_a_checkout_it_says_where_to_go(tmp_path: Path) -> None:
    done = idp("gate", cwd=tmp_path)
    assert done.exit_code == 2
    assert "checkout" in done.stderr
