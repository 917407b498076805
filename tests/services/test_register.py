"""`idp register`, and `idp create` where the platform has a remote: both write where releases are written."""

import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from idp.environments.push import publish
from tests.services.people import HTTPS, IMAGE, PLATFORM, REVISION, Forge, Person, create, make_forge, texts
from tests.support import build_file_tree, git, save

ENTRY = "environments/catalog/billing.yaml"
OVERLAYS = [
    f"environments/{environment}/billing/{name}"
    for environment in ("dev", "staging")
    for name in ("compose.yaml", "config.env", "kustomization.yaml")
]
RELEASE = ("--version", "1.0.0", "--image", IMAGE, "--revision", REVISION)


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return make_forge(tmp_path)


@pytest.fixture
def ann(forge: Forge) -> Person:
    return forge.person("ann")


@pytest.fixture
def platform(ann: Person) -> Path:
    return ann.clone(PLATFORM, "platform")


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def foreign_service(person: Person, origin: str | None = f"{HTTPS}acme/billing.git") -> Path:
    """A repository that no template made."""
    service = build_file_tree(
        person.home / "billing", {"main.go": "package main\n", "src/a.go": "package src\n"}
    )
    save(service, "feat: a service of our own")
    if origin:
        git("remote", "add", "origin", origin, cwd=service)
    return service


def error(done: Any) -> Any:
    return done.json["errors"][0]


def test_create_then_release_in_a_clone_leave_everything_at_the_origin_and_pull_fast_forwards(
    forge: Forge, ann: Person, platform: Path
) -> None:
    before = everything(platform)
    done = create(ann, platform)
    assert everything(platform) == before
    assert ann.idp("release", "billing", *RELEASE, cwd=platform).exit_code == 0
    assert {ENTRY, *OVERLAYS, "environments/dev/billing/release.env"} <= set(forge.files("platform"))
    (commit,) = git("log", "--format=%H", "--", ENTRY, *OVERLAYS, cwd=forge.bare("platform")).splitlines()
    assert git("rev-parse", f"{commit}^", cwd=forge.bare("platform")) == git(
        "rev-parse", "HEAD", cwd=platform
    )
    ann.git("pull", "--quiet", "--ff-only", cwd=platform)
    assert (platform / ENTRY).exists()
    assert git("status", "--porcelain", cwd=platform) == ""
    assert "`git pull` brings it here" in done.stdout


def test_the_next_commands_can_be_pasted_one_by_one(forge: Forge, ann: Person, platform: Path) -> None:
    done = create(ann, platform)
    steps = [
        line.strip().partition("  #")[0]
        for line in done.stdout.partition("What to do next\n")[2].splitlines()
    ]
    forge.make("billing")
    assert steps[:3] == [
        f"cd {shlex.quote(str(ann.home / 'billing'))}",
        f"git remote add origin {HTTPS}acme/billing.git",
        "git push -u origin main",
    ]
    code, said = ann.run("sh", "-ec", "\n".join(steps[:3]), cwd=ann.home)
    assert code == 0, said
    assert "README.md" in forge.files("billing")


def test_a_name_is_taken_when_the_origin_has_it_whatever_the_checkout_shows(
    forge: Forge, ann: Person, platform: Path
) -> None:
    create(ann, platform)
    bob = forge.person("bob")
    theirs = bob.clone(PLATFORM, "platform")
    refused = create(ann, platform, "billing", "--output-dir", platform, "--output", "json", code=1)
    assert error(refused)["code"] == "name-taken"
    assert not (platform / "billing").exists()
    git("rm", "-rq", "environments/catalog", cwd=theirs)
    refused = create(bob, theirs, "billing", "--output", "json", code=1)
    assert error(refused)["code"] == "name-taken"
    assert not (bob.home / "billing").exists()


def test_a_dry_run_writes_nothing_anywhere(forge: Forge, ann: Person, platform: Path) -> None:
    shown = everything(forge.folder), everything(platform)
    done = create(ann, platform, "billing", "--dry-run", "--output", "json")
    assert done.json["data"]["catalog_entry"] == ENTRY
    assert done.json["data"]["overlays"] == OVERLAYS
    service = foreign_service(ann)
    dry = ann.idp("register", service, "--dry-run", "--output", "json", cwd=platform)
    assert dry.json["data"]["registration"]["state"] == "planned"
    assert dry.json["data"]["registration"]["overlays"] == OVERLAYS
    assert (everything(forge.folder), everything(platform)) == shown


def test_a_protected_branch_gets_one_pull_request(forge: Forge, ann: Person, platform: Path) -> None:
    forge.protect("platform")
    before = forge.files("platform")
    done = create(ann, platform, "billing", "--output", "json")
    registration = done.json["data"]["registration"]
    assert (registration["state"], registration["branch"]) == ("proposed", "idp/register-billing")
    assert forge.files("platform") == before
    proposed = set(forge.files("platform", "idp/register-billing")) - set(before)
    assert proposed == {ENTRY, *OVERLAYS}
    tip = git("rev-parse", "idp/register-billing", cwd=forge.bare("platform"))
    again = ann.idp("register", ann.home / "billing", "--output", "json", cwd=platform)
    assert again.exit_code == 0, again.stdout
    assert again.json["data"]["registration"]["pull_request"] == registration["pull_request"]
    assert git("rev-parse", "idp/register-billing", cwd=forge.bare("platform")) == tip
    other = forge.person("bob")
    taken = create(other, other.clone(PLATFORM, "platform"), "billing", "--output", "json", code=1)
    assert error(taken)["code"] == "name-taken"
    assert (other.home / "billing/README.md").exists()


def test_where_not_even_a_branch_may_be_pushed_the_service_is_there_and_the_next_command_is_named(
    forge: Forge, ann: Person, platform: Path
) -> None:
    hook = forge.bare("platform") / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    done = create(ann, platform, "billing", "--output", "json", code=1)
    assert error(done)["hint"] == f"idp register {shlex.quote(str(ann.home / 'billing'))}"
    assert (ann.home / "billing/README.md").exists()
    hook.unlink()
    words = shlex.split(error(done)["hint"])[1:]
    assert ann.idp(*words, cwd=platform).exit_code == 0
    assert ENTRY in forge.files("platform")


def test_an_origin_that_cannot_be_reached_costs_the_registration_alone(
    forge: Forge, ann: Person, platform: Path
) -> None:
    with forge.down():
        done = create(ann, platform, "billing", code=1)
    assert "was created, but not registered" in done.stderr
    assert f"idp register {shlex.quote(str(ann.home / 'billing'))}" in done.stderr
    service = ann.home / "billing"
    assert git("rev-list", "--count", "HEAD", cwd=service) == "1"
    assert f"_src_path: {PLATFORM}" in (service / ".copier-answers.yml").read_text()
    registered = ann.idp("register", service, "--output", "json", cwd=platform)
    assert registered.exit_code == 0, registered.stdout
    assert registered.json["data"]["entry"]["repository"] == f"{HTTPS}acme/billing.git"
    assert {ENTRY, *OVERLAYS} <= set(forge.files("platform"))


def test_the_token_in_an_origins_address_is_in_no_output_and_no_file(ann: Person, platform: Path) -> None:
    ann.git("remote", "set-url", "origin", "https://me:s3cret@127.0.0.1:1/acme/platform.git", cwd=platform)
    done = create(ann, platform, code=1)
    assert "s3cret" not in done.stdout + done.stderr + texts(ann.home / "billing")
    assert "git remote add origin https://127.0.0.1:1/acme/billing.git" in done.stdout


def test_an_origin_that_does_not_answer_is_given_up(
    ann: Person, platform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.services.create._REACHED_WITHIN", 0.5)
    ann.git("remote", "set-url", "origin", "ssh://nobody@nowhere.invalid/acme/platform.git", cwd=platform)
    done = ann.idp(
        "create", "service", "billing", "--template", "small", "--output-dir", ann.home, "--output", "json",
        cwd=platform, GIT_SSH_COMMAND="sleep 60; false",
    )  # fmt: skip
    assert done.exit_code == 1
    assert error(done)["code"] == "program-timeout"
    assert (ann.home / "billing/README.md").exists()


def test_of_two_people_who_create_one_name_at_once_one_wins_and_the_other_keeps_a_service(
    forge: Forge,
) -> None:
    people = [forge.person(name) for name in ("ann", "bob")]
    checkouts = [person.clone(PLATFORM, "platform") for person in people]
    words = (
        "create",
        "service",
        "billing",
        "--template",
        "small",
        "-d",
        "owner=@acme/team",
        "--output-dir",
        "..",
    )

    def start(number: int) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "idp", *words],
            cwd=checkouts[number],
            env={**os.environ, **people[number].env},
            capture_output=True,
            text=True,
            check=False,
        )

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(start, range(2)))
    assert sorted(one.returncode for one in done) == [0, 1], [one.stderr for one in done]
    (loser,) = (one for one in done if one.returncode)
    assert "already has a service `billing`" in loser.stderr
    assert git("rev-list", "--count", "main", cwd=forge.bare("platform")) == "2"
    winner = next(person for person, one in zip(people, done, strict=True) if not one.returncode)
    assert (winner.home / "billing/README.md").exists()


def test_the_loser_of_a_race_that_shows_only_at_the_push_keeps_the_service(
    forge: Forge, ann: Person, platform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = forge.person("bob")
    theirs = bob.clone(PLATFORM, "platform")
    from idp.services import create as command

    place = command._move_into_place  # noqa: SLF001 - the moment after it is what the test is about

    def first(folder: Path, destination: Path) -> None:
        place(folder, destination)
        monkeypatch.undo()
        create(bob, theirs)

    monkeypatch.setattr(command, "_move_into_place", first)
    done = create(ann, platform, "billing", "--output", "json", code=1)
    assert error(done)["code"] == "name-taken"
    assert "rm -r" in error(done)["hint"]
    assert (ann.home / "billing/README.md").exists()


def test_a_service_that_no_template_made_is_registered_released_promoted_and_seen(
    forge: Forge, ann: Person, platform: Path
) -> None:
    forge.make("billing")
    service = foreign_service(ann)
    ann.git("push", "--quiet", "origin", "main", cwd=service)
    done = ann.idp(
        "register",
        "--owner",
        "@acme/team",
        "--description",
        "Bills",
        "--platform",
        platform,
        cwd=service / "src",
    )
    assert done.exit_code == 0, done.stderr
    assert yaml.safe_load(forge.show("platform", ENTRY)) == {
        "schema_version": 1,
        "name": "billing",
        "repository": f"{HTTPS}acme/billing.git",
        "template": "none",
        "owner": "@acme/team",
        "description": "Bills",
    }
    assert ann.idp("release", "billing", *RELEASE, cwd=platform).exit_code == 0
    assert ann.idp("promote", "billing", "--to", "staging", cwd=platform).exit_code == 0
    status = ann.idp("status", "--fetch", "--output", "json", cwd=platform)
    (row,) = status.json["data"]["services"]
    assert (row["template"], row["failure"]) == ("none", None)
    assert row["releases"] == {"dev": "1.0.0", "staging": "1.0.0"}
    chosen = ann.idp("update", "--fleet", "--select", "template=none", "--output", "json", cwd=platform)
    assert chosen.exit_code == 0, chosen.stdout
    assert [(one["name"], one["state"]) for one in chosen.json["data"]["services"]] == [
        ("billing", "no template")
    ]
    shown = ann.idp("update", "--fleet", cwd=platform)
    assert "billing" in shown.stdout
    assert "no template" in shown.stdout


def test_registering_again_says_so_and_another_service_of_that_name_is_refused(
    forge: Forge, ann: Person, platform: Path
) -> None:
    service = foreign_service(ann)
    words = ("register", service, "--output", "json")
    assert ann.idp(*words, cwd=platform).json["data"]["registration"]["state"] == "registered"
    tip = git("rev-parse", "main", cwd=forge.bare("platform"))
    git("remote", "set-url", "origin", "git@github.com:acme/billing", cwd=service)
    assert ann.idp(*words, cwd=platform).json["data"]["registration"]["state"] == "present"
    assert "Already registered" in ann.idp("register", service, cwd=platform).stdout
    git("remote", "set-url", "origin", f"{HTTPS}acme/other.git", cwd=service)
    refused = ann.idp(*words, cwd=platform)
    assert refused.exit_code == 1
    assert error(refused)["code"] == "entry-differs"
    assert f"{HTTPS}acme/other.git" in error(refused)["message"]
    assert ann.idp(*words, "--name", "other", cwd=platform).exit_code == 0
    assert git("rev-list", "--count", f"{tip}..main", cwd=forge.bare("platform")) == "1"


@pytest.mark.parametrize(
    ("files", "options", "name"),
    [
        ({"catalog-info.yaml": "kind: Component\nmetadata: {name: from-catalog}\n"}, (), "from-catalog"),
        ({"catalog-info.yaml": "- no\n"}, (), "billing"),
        (
            {"catalog-info.yaml": "kind: Component\nmetadata: {name: from-catalog}\n"},
            ("--name", "given"),
            "given",
        ),
    ],
)
def test_a_name_is_looked_for_in_what_the_service_says_of_itself(
    ann: Person, platform: Path, files: dict[str, str], options: tuple[str, ...], name: str
) -> None:
    service = foreign_service(ann)
    save(build_file_tree(service, files))
    done = ann.idp("register", service, *options, "--output", "json", cwd=platform)
    assert done.json["data"]["entry"]["name"] == name, done.stdout


def test_a_service_without_a_remote_is_refused_with_the_command_that_adds_it(
    ann: Person, platform: Path
) -> None:
    service = foreign_service(ann, None)
    refused = ann.idp("register", service, "--output", "json", cwd=platform)
    assert error(refused)["code"] == "no-origin"
    code, said = ann.run("sh", "-c", error(refused)["hint"], cwd=ann.home)
    assert code == 0, said
    assert ann.idp("register", service, cwd=platform).exit_code == 0


def test_an_address_of_this_machine_is_registered_with_a_warning(ann: Person, platform: Path) -> None:
    service = foreign_service(ann, "../billing.git")
    done = ann.idp("register", service, cwd=platform)
    assert done.exit_code == 0, done.stderr
    assert "nobody else can reach" in done.stdout


@pytest.mark.parametrize(
    ("name", "code"), [("../x", 2), ("UPPER", 2), ("-rf", 2), ("null", 2), ("a" * 41, 2), ("a\nb", 2)]
)
def test_a_name_that_is_none_writes_nothing(
    forge: Forge, ann: Person, platform: Path, name: str, code: int
) -> None:
    before = git("for-each-ref", cwd=forge.bare("platform"))
    done = ann.idp("register", foreign_service(ann), f"--name={name}", cwd=platform)
    assert done.exit_code == code, done.stderr
    assert git("for-each-ref", cwd=forge.bare("platform")) == before


def test_a_folder_that_is_no_repository_of_its_own_is_refused(ann: Person, platform: Path) -> None:
    (ann.home / "plain").mkdir()
    plain = ann.idp("register", ann.home / "plain", "--output", "json", cwd=platform)
    assert error(plain)["code"] == "not-a-repository"
    service = foreign_service(ann)
    build_file_tree(service, {"part/.copier-answers.yml": "_src_path: x\n_commit: v1\n"})
    part = ann.idp("register", service / "part", "--output", "json", cwd=platform)
    assert error(part)["code"] == "service-in-subfolder"


def test_a_platform_without_a_remote_is_written_to_itself(ann: Person, platform: Path) -> None:
    git("remote", "remove", "origin", cwd=platform)
    service = foreign_service(ann)
    assert ann.idp("register", service, cwd=platform).exit_code == 0
    assert (platform / ENTRY).exists()
    assert git("status", "--porcelain", cwd=platform) == ""
    assert git("log", "-1", "--format=%s", cwd=platform) == "feat(catalog): add billing"


@pytest.mark.parametrize("remote", [True, False])
@pytest.mark.parametrize("published", [True, False])
def test_an_interrupt_around_the_registration_leaves_all_of_it_or_nothing(
    forge: Forge,
    ann: Person,
    platform: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    published: bool,
    remote: bool,
) -> None:
    if not remote:
        git("remote", "remove", "origin", cwd=platform)

    def interrupted(*arguments: Any) -> bool:
        if published:
            publish(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr("idp.environments.repository.publish", interrupted)
    create(ann, platform, code=130)
    assert (ann.home / "billing/README.md").exists()
    assert git("status", "--porcelain", cwd=platform) == ""
    held = set(forge.files("platform") if remote else git("ls-files", cwd=platform).splitlines())
    assert {ENTRY, *OVERLAYS} & held == ({ENTRY, *OVERLAYS} if published else set())
    monkeypatch.undo()
    again = ann.idp("register", ann.home / "billing", "--output", "json", cwd=platform)
    assert again.json["data"]["registration"]["state"] == ("present" if published else "registered")
