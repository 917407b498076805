"""`idp bundle`: everything a deployment needs, the same bytes wherever and whenever it is packed."""

import json
import os
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from idp.environments.pin import Pin, pin_text
from idp.releases.record import CheckEvidence, ReleaseRecord, record_path, record_text
from tests.command_line import idp
from tests.environments.overlay_tree import PIN
from tests.support import git, run, save

pytestmark = pytest.mark.needs("kubectl", "docker")

NAME = f"billing-{PIN.version}-prod"


@pytest.fixture
def own(platform: Path, tmp_path: Path) -> Path:
    """A platform repository in which `billing` is released in prod."""
    repository = tmp_path / "platform"
    git("clone", "--quiet", "--no-hardlinks", platform, repository, cwd=tmp_path)
    git("reset", "--quiet", "--hard", "v0.1.0", cwd=repository)  # others create services in that platform
    git("remote", "remove", "origin", cwd=repository)
    entry = repository / "environments/catalog/billing.yaml"
    entry.write_text("schema_version: 1\nname: billing\nrepository: /nowhere\ntemplate: fastapi\n")
    save(repository, "feat(catalog): add billing")
    assert idp("env", "add", "prod", "billing", cwd=repository).exit_code == 0
    (repository / "environments/prod/billing/config.env").write_text("LOG_LEVEL=INFO\nPRICE=5$ each\n")
    (repository / "environments/prod/billing/release.env").write_bytes(pin_text(PIN))
    record(repository, PIN)
    return repository


def record(repository: Path, pin: Pin) -> None:
    checks = (CheckEvidence("tests", passed=True, url=None),)
    built_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    text = record_text(
        ReleaseRecord("billing", pin.version, pin.image, pin.revision, "fastapi", "v0.1.0", built_at, checks)
    )
    path = repository / record_path("billing", pin.version)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    save(repository, "feat: release")


def packed(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        assert all(
            member.isfile() and (member.uid, member.gid, member.mtime) == (0, 0, 0) for member in members
        )
        assert {member.name.partition("/")[0] for member in members} == {NAME}
        return {member.name.partition("/")[2]: _content(tar, member) for member in members}


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file is not None
    return file.read()


def test_a_bundle_has_all_of_a_release_and_its_checksums_hold(own: Path, tmp_path: Path) -> None:
    done = idp("bundle", "billing", "--env", "prod", "--out", tmp_path, "--output", "json", cwd=own)
    assert done.exit_code == 0, done.stdout
    data = done.json["data"]
    archive = tmp_path / f"{NAME}.tar.gz"
    assert data["path"] == str(archive)
    assert data["sha256"] == sha256(archive.read_bytes()).hexdigest()
    files = packed(archive)
    assert sorted(files) == data["files"]
    assert set(files) == {"SHA256SUMS", "compose.yaml", "kubernetes.yaml", "release.env", "release.json"}
    assert files["release.env"] == pin_text(PIN)
    assert json.loads(files["release.json"])["version"] == PIN.version
    kinds = {document["kind"] for document in yaml.safe_load_all(files["kubernetes.yaml"])}
    assert {"Deployment", "Service", "ServiceMonitor"} <= kinds
    run("tar", "-xzf", archive, cwd=tmp_path)
    checked = run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=tmp_path / NAME)
    assert checked.returncode == 0, checked.stdout
    assert len(checked.stdout.splitlines()) == len(files) - 1


def test_its_compose_file_is_resolved_stands_alone_and_names_no_path_of_this_machine(
    own: Path, tmp_path: Path
) -> None:
    leaf = own / "environments/prod/billing"
    with (leaf / "compose.yaml").open("a") as file:
        file.write('    volumes: ["./data:/data:ro"]\n')
    save(own)
    assert idp("bundle", "billing", "--env", "prod", "--out", tmp_path, cwd=own).exit_code == 0
    text = packed(tmp_path / f"{NAME}.tar.gz")["compose.yaml"].decode()
    assert str(tmp_path) not in text
    assert "idp-" not in text.replace("idp-prod", "")
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone/compose.yaml").write_text(text)
    read = run("docker", "compose", "config", "--format", "json", cwd=tmp_path / "alone")
    assert read.returncode == 0, read.stderr
    own_service = json.loads(read.stdout)["services"]["app"]
    assert own_service["image"] == PIN.image
    assert own_service["environment"]["PRICE"] == "5$$ each"
    assert own_service["environment"]["ENVIRONMENT"] == "prod"
    (volume,) = own_service["volumes"]
    assert volume["source"] == str(tmp_path / "alone/data")


def test_two_clones_two_umasks_and_two_moments_give_the_same_bytes(own: Path, tmp_path: Path) -> None:
    archives: list[bytes] = []
    for number, umask in enumerate((0o022, 0o077)):
        clone = tmp_path / f"clone-{number}" / ("deep/" * number) / "platform"
        git("clone", "--quiet", own, clone, cwd=tmp_path)
        git("remote", "remove", "origin", cwd=clone)
        out = tmp_path / f"out-{number}"
        out.mkdir()
        done = subprocess.run(
            [sys.executable, "-m", "idp", "bundle", "billing", "--env", "prod", "--out", out],
            cwd=clone,
            env={
                **os.environ,
                "RELEASE_IMAGE": "stranger",
                "TZ": f"UTC+{number}",
                "PYTHONHASHSEED": str(number),
                "SOURCE_DATE_EPOCH": str(number * 1_000_000_000),
            },
            capture_output=True,
            text=True,
            check=False,
            umask=umask,
        )
        assert done.returncode == 0, done.stderr
        archive = out / f"{NAME}.tar.gz"
        assert archive.stat().st_mode & 0o777 == 0o666 & ~umask
        assert sha256(archive.read_bytes()).hexdigest() in done.stdout
        archives.append(archive.read_bytes())
    assert archives[0] == archives[1]


def test_the_same_bundle_again_is_nothing_to_do_and_another_file_is_never_overwritten(
    own: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine.tar.gz"
    first = idp("bundle", "billing", "--env", "prod", "--out", out, "--output", "json", cwd=own)
    again = idp("bundle", "billing", "--env", "prod", "--out", out, "--output", "json", cwd=own)
    assert (first.json["data"]["written"], again.json["data"]["written"]) == (True, False)
    assert first.json["data"]["sha256"] == again.json["data"]["sha256"]
    out.write_text("mine")
    refused = idp("bundle", "billing", "--env", "prod", "--out", out, "--output", "json", cwd=own)
    assert refused.json["errors"][0]["code"] == "destination-exists"
    missing = idp(
        "bundle", "billing", "--env", "prod", "--out", tmp_path / "no/x", "--output", "json", cwd=own
    )
    assert missing.json["errors"][0]["code"] == "output-unwritable"
    assert out.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_dry_run_packs_and_writes_nothing(own: Path, tmp_path: Path) -> None:
    done = idp(
        "bundle", "billing", "--env", "prod", "--out", tmp_path, "--dry-run", "--output", "json", cwd=own
    )
    assert done.exit_code == 0
    assert len(done.json["data"]["sha256"]) == 64
    assert not list(tmp_path.glob("*.tar.gz"))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["billing", "--env", "dev"], "nothing-released"),
        (["unknown", "--env", "prod"], "nothing-released"),
        (["billing", "--env", "nope"], "environment-unknown"),
        (["../x", "--env", "prod"], "name-invalid"),
        (["billing", "--env", "../x"], "environment-name-invalid"),
    ],
)
def test_what_cannot_be_packed_is_said(own: Path, tmp_path: Path, arguments: list[str], code: str) -> None:
    refused = idp("bundle", *arguments, "--out", tmp_path, "--output", "json", cwd=own)
    assert refused.exit_code in {1, 2}
    assert refused.json["errors"][0]["code"] == code
    assert not list(tmp_path.glob("*.tar.gz"))


def test_a_pin_that_does_not_hold_together_is_refused(own: Path, tmp_path: Path) -> None:
    def code() -> str:
        save(own)
        refused = idp("bundle", "billing", "--env", "prod", "--out", tmp_path, "--output", "json", cwd=own)
        assert refused.exit_code == 1, refused.stdout
        return str(refused.json["errors"][0]["code"])

    leaf = own / "environments/prod/billing"
    other = Pin(PIN.image.replace("5e5e", "0000"), PIN.version, PIN.revision)
    (leaf / "release.env").write_bytes(pin_text(other))
    assert code() == "record-differs"
    (leaf / "release.env").write_bytes(pin_text(Pin(PIN.image, "1.4.1", PIN.revision)))
    assert code() == "record-missing"
    (leaf / "release.env").write_bytes(pin_text(PIN) + b"EXTRA=1\n")
    assert code() == "release-env-invalid"
    (leaf / "release.env").write_bytes(pin_text(PIN))
    with (leaf / "compose.yaml").open("a") as file:
        file.write("    image: stranger/image\n")
    assert code() == "overlay-invalid"
