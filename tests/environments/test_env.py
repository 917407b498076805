"""`idp env`: the chain and its services, changed by commits that keep what people wrote."""

from pathlib import Path

import pytest

from idp.environments.pin import pin_text
from tests.command_line import idp
from tests.environments.overlay_tree import PIN
from tests.support import git, run, save

CHAIN = "environments/environments.yaml"


@pytest.fixture
def own(platform: Path, tmp_path: Path) -> Path:
    """A platform repository to write to, with `billing` in its catalog."""
    repository = tmp_path / "platform"
    git("clone", "--quiet", "--no-hardlinks", platform, repository, cwd=tmp_path)
    git("reset", "--quiet", "--hard", "v0.1.0", cwd=repository)  # others create services in that platform
    git("remote", "remove", "origin", cwd=repository)
    entry = repository / "environments/catalog/billing.yaml"
    entry.write_text("schema_version: 1\nname: billing\nrepository: /nowhere\ntemplate: fastapi\n")
    save(repository, "feat(catalog): add billing")
    return repository


def pin(repository: Path, environment: str, content: bytes | None = None) -> None:
    folder = repository / "environments" / environment / "billing"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "release.env").write_bytes(pin_text(PIN) if content is None else content)
    save(repository, f"feat: release in {environment}")


def changed(repository: Path) -> list[str]:
    """What the last commit changed, `A path`."""
    shown = git("show", "--format=", "--name-status", "--no-renames", "HEAD", cwd=repository)
    return [line.replace("\t", " ") for line in shown.splitlines()]


def test_the_chain_is_listed_with_gates_services_and_releases(own: Path) -> None:
    idp("env", "add", "dev", "billing", cwd=own)
    pin(own, "staging")
    listed = idp("env", "list", "--output", "json", cwd=own)
    assert listed.exit_code == 0, listed.stdout
    environments = listed.json["data"]["environments"]
    assert [(each["name"], each["target"], each["gates"]) for each in environments] == [
        ("dev", "compose", ["hold"]),
        ("staging", "compose", ["hold", "checks: all", "verified in dev"]),
        ("prod", "compose", ["hold", "checks: all", "verified in staging"]),
    ]
    assert [[(one["service"], one["version"]) for one in each["services"]] for each in environments] == [
        [("billing", None)],
        [("billing", PIN.version)],
        [],
    ]
    text = idp("env", "list", cwd=own).stdout
    assert "dev → staging → prod" in text
    assert "nothing released yet" in text
    assert PIN.version in text


def test_one_environment_is_shown_and_an_unknown_one_names_the_chain(own: Path) -> None:
    shown = idp("env", "show", "prod", "--output", "json", cwd=own)
    assert [each["name"] for each in shown.json["data"]["environments"]] == ["prod"]
    unknown = idp("env", "show", "nope", cwd=own)
    assert unknown.exit_code == 2
    assert "dev → staging → prod" in unknown.stderr


def test_a_release_env_that_cannot_be_read_is_shown_and_fails_with_its_line(own: Path) -> None:
    pin(own, "dev", b"# comment\nRELEASE_IMAGE=x:latest\n")
    listed = idp("env", "list", "--output", "json", cwd=own)
    assert listed.exit_code == 1
    assert listed.json["errors"][0]["code"] == "release-env-invalid"
    assert "environments/dev/billing/release.env:2: " in listed.json["errors"][0]["message"]
    assert listed.json["data"]["environments"][0]["services"][0]["fault"]
    assert "release.env:2" in idp("env", "show", "dev", cwd=own).stdout
    assert idp("env", "show", "prod", cwd=own).exit_code == 0


def test_an_environment_is_added_in_one_commit_that_keeps_every_line(own: Path) -> None:
    before = (own / CHAIN).read_text()
    head = git("rev-parse", "HEAD", cwd=own)
    dry = idp("env", "add", "qa", "--after", "dev", "--dry-run", "--output", "json", cwd=own)
    assert dry.exit_code == 0, dry.stdout
    assert (git("rev-parse", "HEAD", cwd=own), (own / CHAIN).read_text()) == (head, before)
    added = idp("env", "add", "qa", "--after", "dev", "--output", "json", cwd=own)
    assert added.exit_code == 0, added.stdout
    assert added.json["data"]["written"] == dry.json["data"]["written"]
    assert git("rev-parse", "HEAD^", cwd=own) == head
    assert git("rev-parse", "HEAD", cwd=own) == added.json["data"]["commit"]
    assert changed(own) == [
        f"M {CHAIN}",
        "A environments/qa/_service/kustomization.yaml",
        "A environments/qa/compose.yaml",
        "A environments/qa/kustomization.yaml",
    ]
    remaining = iter((own / CHAIN).read_text().splitlines())
    assert all(line in remaining for line in before.splitlines())
    assert git("status", "--porcelain", cwd=own) == ""
    listed = idp("env", "list", "--output", "json", cwd=own).json["data"]["environments"]
    assert [each["name"] for each in listed] == ["dev", "qa", "staging", "prod"]
    assert listed[2]["gates"] == ["hold", "checks: all", "verified in qa"]


@pytest.mark.needs("kubectl", "docker")
def test_a_service_is_added_to_an_added_environment_and_both_engines_take_it(own: Path) -> None:
    idp("env", "add", "qa", cwd=own)
    added = idp("env", "add", "qa", "billing", "--output", "json", cwd=own)
    assert added.exit_code == 0, added.stdout
    assert changed(own) == [
        f"A environments/qa/billing/{name}" for name in ("compose.yaml", "config.env", "kustomization.yaml")
    ]
    message = git("log", "-1", "--format=%B", cwd=own)
    assert "Idp-Environment: qa" in message
    assert "Idp-Service: billing" in message
    again = idp("env", "add", "qa", "billing", "--output", "json", cwd=own)
    assert (again.exit_code, again.json["data"]["commit"]) == (0, None)
    pin(own, "qa")
    leaf = own / "environments/qa/billing"
    assert run("kubectl", "kustomize", leaf, cwd=own).returncode == 0
    images = run("docker", "compose", "-f", leaf / "compose.yaml", "config", "--images", cwd=own)
    assert images.stdout.strip() == PIN.image


def test_environments_in_a_repository_of_their_own_take_services_of_the_platform_s_catalog(
    own: Path, platform: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    separate = tmp_path / "environments"
    git("clone", "--quiet", "--bare", platform, separate, cwd=tmp_path)
    git("remote", "remove", "origin", cwd=separate)
    git("update-ref", "refs/heads/main", "v0.1.0^{commit}", cwd=separate)
    monkeypatch.setenv("IDP_ENVIRONMENTS", str(separate))
    head = git("rev-parse", "HEAD", cwd=own)
    added = idp("env", "add", "dev", "billing", "--output", "json", cwd=own)
    assert added.exit_code == 0, added.stdout
    assert git("rev-parse", "HEAD", cwd=separate) == added.json["data"]["commit"]
    assert git("rev-parse", "HEAD", cwd=own) == head
    assert idp("env", "add", "dev", "unknown", cwd=own).exit_code == 1


def test_what_is_there_already_is_kept(own: Path) -> None:
    folder = own / "environments/dev/billing"
    folder.mkdir()
    (folder / "config.env").write_text("# mine\nLOG_LEVEL=DEBUG\n")
    save(own)
    assert idp("env", "add", "dev", "billing", cwd=own).exit_code == 0
    assert (folder / "config.env").read_text() == "# mine\nLOG_LEVEL=DEBUG\n"
    assert (folder / "compose.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (["add", "dev"], "environment-exists", 1),
        (["add", "base"], "environment-name-invalid", 2),
        (["add", "../x"], "environment-name-invalid", 2),
        (["add", "qa", "--after", "nope"], "environment-unknown", 2),
        (["add", "nope", "billing"], "environment-unknown", 2),
        (["add", "dev", "unknown"], "service-unknown", 1),
        (["add", "dev", "../../x"], "name-invalid", 2),
        (["add", "dev", "null"], "name-reserved", 2),
        (["add", "dev", "billing", "--after", "prod"], "usage", 2),
        (["remove", "nope"], "environment-unknown", 2),
        (["remove", "dev", "billing"], "service-not-there", 1),
        (["remove", "dev"], "environment-needed", 1),
        (["remove", "../x"], "environment-unknown", 2),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    own: Path, arguments: list[str], code: str, exit_code: int
) -> None:
    head = git("rev-parse", "HEAD", cwd=own)
    refused = idp("env", *arguments, "--output", "json", cwd=own)
    assert refused.exit_code == exit_code, refused.stdout
    assert refused.json["errors"][0]["code"] == code
    assert refused.json["errors"][0]["hint"]
    assert git("rev-parse", "HEAD", cwd=own) == head
    assert git("status", "--porcelain", cwd=own) == ""


@pytest.mark.parametrize("arguments", [["staging"], ["staging", "billing"]])
def test_where_something_is_released_nothing_is_removed_without_force(
    own: Path, arguments: list[str]
) -> None:
    idp("env", "add", "staging", "billing", cwd=own)
    pin(own, "staging")
    refused = idp("env", "remove", *arguments, "--output", "json", cwd=own)
    assert refused.exit_code == 1
    assert refused.json["errors"][0]["code"] == "environment-in-use"
    dry = idp("env", "remove", *arguments, "--force", "--dry-run", "--output", "json", cwd=own)
    assert "environments/staging/billing/release.env" in dry.json["data"]["deleted"]
    assert (own / "environments/staging/billing/release.env").exists()
    removed = idp("env", "remove", *arguments, "--force", "--output", "json", cwd=own)
    assert removed.exit_code == 0, removed.stdout
    assert removed.json["data"]["deleted"] == dry.json["data"]["deleted"]
    assert not (own / "environments/staging/billing").exists()
    assert (own / "environments/staging").exists() == (len(arguments) > 1)
    assert git("status", "--porcelain", cwd=own) == ""
    assert git("show", "HEAD^:environments/staging/billing/release.env", cwd=own)


@pytest.mark.needs("kubectl", "docker")
def test_overlays_are_checked_as_the_engines_read_them(own: Path) -> None:
    idp("env", "add", "dev", "billing", cwd=own)
    idp("env", "add", "prod", "billing", cwd=own)
    pin(own, "prod")
    checked = idp("env", "check", "--output", "json", cwd=own)
    assert checked.exit_code == 0, checked.stdout
    assert (checked.json["data"]["overlays"], checked.json["data"]["faults"]) == (2, [])
    pin(own, "prod", b"RELEASE_IMAGE=latest\n")
    failed = idp("env", "check", "--output", "json", cwd=own)
    assert failed.exit_code == 13
    first = failed.json["data"]["faults"][0]
    assert (first["path"], first["line"]) == ("environments/prod/billing/release.env", 1)
    assert (
        "environments/prod/billing/release.env:1: " in idp("env", "check", "prod", "billing", cwd=own).stdout
    )
    assert idp("env", "check", "dev", cwd=own).exit_code == 0
    assert idp("env", "check", "dev", "nope", cwd=own).exit_code == 1
    assert idp("env", "check", "nope", cwd=own).exit_code == 2


def test_an_uncommitted_edit_is_never_overwritten(own: Path) -> None:
    (own / CHAIN).write_text((own / CHAIN).read_text() + "# not committed\n")
    refused = idp("env", "add", "qa", "--output", "json", cwd=own)
    assert refused.exit_code == 1
    assert (own / CHAIN).read_text().endswith("# not committed\n")
    assert not (own / "environments/qa").exists()


def test_a_platform_without_environments_says_what_to_do(own: Path) -> None:
    git("rm", "-q", CHAIN, cwd=own)
    save(own)
    refused = idp("env", "list", "--output", "json", cwd=own)
    assert refused.exit_code == 1
    assert refused.json["errors"][0]["code"] == "environments-missing"
    assert "idp init" in refused.json["errors"][0]["hint"]
