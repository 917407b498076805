"""What a service records of its platform is what a colleague and a pipeline can use, wherever they stand."""

from pathlib import Path

import pytest
import yaml

from tests.services.people import (
    HTTPS,
    IMAGE,
    PLATFORM,
    REVISION,
    SSH,
    Forge,
    Person,
    create,
    make_forge,
    release_template,
    texts,
)
from tests.support import git, save

ANSWERS = ".copier-answers.yml"


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return make_forge(tmp_path)


@pytest.fixture
def ann(forge: Forge) -> Person:
    return forge.person("ann")


def answers(service: Path) -> dict[str, str]:
    found = yaml.safe_load((service / ANSWERS).read_text())
    assert isinstance(found, dict)
    return found


def publish(person: Person, forge: Forge, service: Path) -> None:
    """Do what `idp create` says comes next."""
    forge.make(service.name)
    person.git("remote", "add", "origin", f"{HTTPS}acme/{service.name}.git", cwd=service)
    person.git("push", "--quiet", "-u", "origin", "main", cwd=service)


def readdress(service: Path, address: str) -> None:
    """Have the answers record another address, as an older idp did."""
    file = service / ANSWERS
    lines = [
        f"_src_path: {address}" if line.startswith("_src_path:") else line
        for line in file.read_text().split("\n")
    ]
    file.write_text("\n".join(lines))
    save(service, "chore: as it was")


def test_what_one_person_creates_another_updates_compares_promotes_and_finds_in_the_fleet(
    forge: Forge, ann: Person, tmp_path: Path
) -> None:
    platform = ann.clone(PLATFORM, "platform")
    create(ann, platform)
    service = ann.home / "billing"
    assert answers(service)["_src_path"] == PLATFORM
    assert answers(service)["platform_repository"] == "acme/platform"
    assert "uses: acme/platform/.github/workflows/service-ci.yml@v1" in texts(service)
    entry = yaml.safe_load(forge.show("platform", "environments/catalog/billing.yaml"))
    assert entry["repository"] == f"{HTTPS}acme/billing.git"
    for text in (texts(service), str(entry)):
        assert str(tmp_path) not in text
        assert "example-org" not in text
    publish(ann, forge, service)
    released = ("--version", "1.0.0", "--image", IMAGE, "--revision", REVISION)
    assert ann.idp("release", "billing", *released, cwd=platform).exit_code == 0
    moved = platform.rename(ann.home / "moved away")
    ann.git("pull", "--quiet", "--ff-only", cwd=moved)
    release_template(ann, moved, "v1.1.0")

    bob = forge.person("bob")
    (bob.home / "work").mkdir()
    theirs = bob.clone(f"{SSH}acme/platform.git", "work/idp platform")
    mine = bob.clone(f"{SSH}acme/billing.git", "work/elsewhere")
    (row,) = bob.idp("status", "--output", "json", cwd=theirs).json["data"]["services"]
    assert (row["name"], row["releases"]) == ("billing", {"dev": "1.0.0"})
    compared = bob.idp("diff", "--output", "json", cwd=mine)
    assert compared.exit_code == 0, compared.stdout
    assert "edited" not in {file["ownership"] for file in compared.json["data"]["files"]}
    promoted = bob.idp("promote", "billing", "--to", "staging", cwd=theirs)
    assert promoted.exit_code == 0, promoted.stderr
    assert "RELEASE_VERSION=1.0.0" in forge.show("platform", "environments/staging/billing/release.env")
    fleet = bob.idp("update", "--fleet", "--branch", "--output", "json", cwd=theirs)
    assert fleet.exit_code == 0, fleet.stdout
    assert fleet.json["data"]["services"][0]["state"] == "clean"
    assert "v1.1.0" in forge.show("billing", "text.txt", "idp/update-v1.1.0")
    updated = bob.idp("update", cwd=mine)
    assert updated.exit_code == 0, updated.stderr
    assert "v1.1.0" in (mine / "text.txt").read_text()
    assert answers(mine)["_src_path"] == PLATFORM
    save(mine, "chore: update")
    ann.git("pull", "--quiet", "--ff-only", cwd=moved)
    release_template(ann, moved, "v1.2.0")
    code, said = bob.run("copier", "update", "--defaults", "--trust", cwd=mine)
    assert code == 0, said
    assert answers(mine)["_commit"] == "v1.2.0"


def test_a_service_runs_whatever_has_become_of_its_platform(forge: Forge, ann: Person) -> None:
    platform = ann.clone(PLATFORM, "platform")
    create(ann, platform)
    service = ann.home / "billing"
    (service / "Makefile").write_text("run:\n\t@true\n")
    platform.rename(ann.home / "moved")
    with forge.down():
        assert ann.idp("run", cwd=service).exit_code == 0
        assert ann.idp("run", cwd=service, IDP_PLATFORM="/nowhere/at/all").exit_code == 0
        assert ann.idp("check", "--output", "json", cwd=service).exit_code == 13


@pytest.mark.parametrize(
    "how", ["--platform", "IDP_PLATFORM", "enclosing", "subfolder", "settings", "work tree"]
)
def test_however_a_checkout_is_found_its_origin_is_what_is_recorded(
    ann: Person, how: str, tmp_path: Path
) -> None:
    platform = ann.clone(PLATFORM, "platform")
    words: list[str | Path] = [
        "create",
        "service",
        "billing",
        "--template",
        "small",
        "--output-dir",
        ann.home,
    ]
    cwd, env = tmp_path, {}
    if how == "--platform":
        words += ["--platform", platform / "copier-templates"]
    elif how == "IDP_PLATFORM":
        env = {"IDP_PLATFORM": str(platform)}
    elif how == "settings":
        (ann.home / "config/idp").mkdir(parents=True)
        (ann.home / "config/idp/config.toml").write_text(f'platform = "{platform}"\n')
    elif how == "work tree":
        ann.git("worktree", "add", "--quiet", "-b", "side", ann.home / "side", cwd=platform)
        cwd = ann.home / "side"
    else:
        cwd = platform if how == "enclosing" else platform / "environments"
    done = ann.idp(*words, cwd=cwd, **env)
    assert done.exit_code == 0, done.stderr
    assert answers(ann.home / "billing")["_src_path"] == PLATFORM


@pytest.mark.parametrize(
    ("origin", "recorded", "repository"),
    [
        (f"{SSH}acme/platform", f"{SSH}acme/platform", f"{SSH}acme/billing.git"),
        (f"{HTTPS}acme/platform", f"{HTTPS}acme/platform", f"{HTTPS}acme/billing.git"),
        (
            "https://git.example.org/acme/platform",
            "git+https://git.example.org/acme/platform",
            "https://git.example.org/acme/billing.git",
        ),
        (
            "https://me:s3cret@git.example.org/acme/platform.git",
            "https://git.example.org/acme/platform.git",
            "https://git.example.org/acme/billing.git",
        ),
        (
            "ssh://git@git.example.org:2222/acme/platform.git",
            "ssh://git@git.example.org:2222/acme/platform.git",
            "ssh://git@git.example.org:2222/acme/billing.git",
        ),
    ],
)
def test_what_is_recorded_is_an_address_that_copier_knows_and_holds_no_secret(
    forge: Forge, origin: str, recorded: str, repository: str
) -> None:
    base = origin.removesuffix(".git").removesuffix("acme/platform")
    person = forge.person("cay", base)
    platform = person.clone(origin, "platform")
    create(person, platform)
    assert answers(person.home / "billing")["_src_path"] == recorded
    text = forge.show("platform", "environments/catalog/billing.yaml")
    assert yaml.safe_load(text)["repository"] == repository
    assert "s3cret" not in text + texts(person.home / "billing")


def test_somebody_who_only_has_ssh_updates_a_service_that_records_https(forge: Forge, ann: Person) -> None:
    platform = ann.clone(PLATFORM, "platform")
    create(ann, platform)
    publish(ann, forge, ann.home / "billing")
    ann.git("pull", "--quiet", "--ff-only", cwd=platform)
    release_template(ann, platform, "v1.1.0")
    bob = forge.person("bob", SSH)
    theirs, mine = (
        bob.clone(f"{SSH}acme/platform.git", "platform"),
        bob.clone(f"{SSH}acme/billing.git", "billing"),
    )
    done = bob.idp("update", cwd=mine, IDP_PLATFORM=str(theirs))
    assert done.exit_code == 0, done.stderr
    assert "v1.1.0" in (mine / "text.txt").read_text()
    assert answers(mine)["_src_path"] == PLATFORM


def test_a_version_that_only_this_checkout_has_is_refused_when_named_and_reported_when_not(
    ann: Person,
) -> None:
    platform = ann.clone(PLATFORM, "platform")
    release_template(ann, platform, "v1.1.0", push=False)
    named = create(ann, platform, "billing", "--template-version", "v1.1.0", "--output", "json", code=1)
    error = named.json["errors"][0]
    assert error["code"] == "template-version-unpublished"
    assert error["hint"] == f"git -C '{platform}' push origin v1.1.0"
    assert not (ann.home / "billing").exists()
    unnamed = create(ann, platform)
    assert f"git -C '{platform}' push origin v1.1.0" in unnamed.stdout
    assert answers(ann.home / "billing")["_commit"] == "v1.0.0"
    refused = ann.idp(
        "update", "--to", "v1.1.0", "--output", "json", cwd=ann.home / "billing", IDP_PLATFORM=str(platform)
    )
    assert refused.json["errors"][0]["code"] == "template-version-unpublished"


def test_without_a_remote_create_says_that_only_this_machine_can_update_and_update_corrects_it_later(
    ann: Person,
) -> None:
    platform = ann.clone(PLATFORM, "platform")
    ann.git("remote", "remove", "origin", cwd=platform)
    done = create(ann, platform)
    assert "can be updated on this machine only" in done.stdout
    service = ann.home / "billing"
    assert answers(service)["_src_path"] == str(platform)
    assert "is the newest version already" in ann.idp("update", cwd=service).stdout
    ann.git("remote", "add", "origin", PLATFORM, cwd=platform)
    dry = ann.idp("update", "--dry-run", cwd=service)
    assert f"+_src_path: {PLATFORM}" in dry.stdout
    assert git("status", "--porcelain", cwd=service) == ""
    corrected = ann.idp("update", cwd=service)
    assert corrected.exit_code == 0, corrected.stderr
    assert PLATFORM in corrected.stdout
    assert answers(service)["_src_path"] == PLATFORM
    assert answers(service)["platform_repository"] == "acme/platform"
    assert "example-org" not in texts(service)
    save(service, "chore: correct the address")
    assert "is the newest version already" in ann.idp("update", cwd=service).stdout
    code, said = ann.run("copier", "update", "--defaults", cwd=service)
    assert code == 0, said


@pytest.mark.parametrize("recorded", ["/nowhere/at/all", "../platform", "platform"])
@pytest.mark.parametrize("command", ["update", "diff"])
def test_an_address_of_another_machine_is_one_clear_error_until_the_platform_is_named(
    ann: Person, recorded: str, command: str
) -> None:
    platform = ann.clone(PLATFORM, "platform")
    create(ann, platform)
    service = ann.home / "billing"
    readdress(service, recorded)
    refused = ann.idp(command, "--output", "json", cwd=service)
    assert refused.exit_code == 1
    error = refused.json["errors"][0]
    assert error["code"] == "template-vanished"
    assert "idp update --platform URL" in error["hint"]
    assert ann.idp(command, cwd=service, IDP_PLATFORM=str(platform)).exit_code == 0
    git("reset", "--quiet", "--hard", cwd=service)
    done = ann.idp(command, "--platform", PLATFORM, cwd=service)
    assert done.exit_code == 0, done.stderr
    if command == "update":
        assert answers(service)["_src_path"] == PLATFORM
        assert git("diff", "--cached", "--name-only", cwd=service) == ANSWERS


def test_the_settings_platform_stands_in_for_an_address_of_another_machine(
    ann: Person,
) -> None:
    platform = ann.clone(PLATFORM, "platform")
    create(ann, platform)
    service = ann.home / "billing"
    readdress(service, "/home/somebody/platform")
    (ann.home / "config/idp").mkdir(parents=True)
    (ann.home / "config/idp/config.toml").write_text(f'platform = "{PLATFORM}"\n')
    status = ann.idp("status", "--output", "json", cwd=service)
    assert status.json["data"]["platform"] == PLATFORM, status.stdout
    done = ann.idp("update", cwd=service)
    assert done.exit_code == 0, done.stderr
    assert answers(service)["_src_path"] == PLATFORM


def test_a_fleet_update_corrects_old_addresses_of_other_machines(forge: Forge, ann: Person) -> None:
    platform = ann.clone(PLATFORM, "platform")
    create(ann, platform)
    readdress(ann.home / "billing", "/home/somebody/platform")
    publish(ann, forge, ann.home / "billing")
    done = ann.idp("update", "--fleet", "--branch", "--output", "json", cwd=platform)
    assert done.exit_code == 0, done.stdout
    assert f"_src_path: {PLATFORM}" in forge.show("billing", ANSWERS, "idp/update-v1.0.0")
    again = ann.idp(
        "update", "--pr", "--dry-run", "--platform", platform, "--output", "json", cwd=ann.home / "billing"
    )
    assert again.json["data"]["services"][0]["state"] == "clean"


def test_check_and_doctor_report_addresses_that_nobody_else_can_use(ann: Person) -> None:
    platform = ann.clone(PLATFORM, "platform")
    create(ann, platform)
    service = ann.home / "billing"

    def addresses() -> tuple[list[str], str]:
        points = ann.idp("check", "--output", "json", cwd=service).json["data"]["points"]
        results = (one for point in points for one in point["results"])
        (result,) = (one for one in results if one["rule"]["id"] == "META-ADDRESS")
        found = ann.idp("doctor", "--output", "json", cwd=service).json["data"]["findings"]
        (finding,) = (one for one in found if one["name"] == "addresses")
        return [one["message"] for one in result["findings"]], finding["verdict"]

    assert addresses() == ([], "ok")
    readdress(service, "/home/somebody/platform")
    owners = service / ".github/CODEOWNERS"
    owners.write_text("* @example-org/platform-team\n")
    messages, verdict = addresses()
    assert messages == [
        "`_src_path` is a path of one machine: '/home/somebody/platform'.",
        "`example-org` is a placeholder.",
    ]
    assert verdict == "warning"
