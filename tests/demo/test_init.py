"""`idp init`: a platform repository that works on its own."""

from pathlib import Path

from tests.command_line import idp
from tests.support import ROOT, git


def test_a_new_platform_creates_services(tmp_path: Path) -> None:
    made = idp("init", tmp_path / "platform")
    assert made.exit_code == 0, made.stderr
    platform = tmp_path / "platform"
    assert git("tag", cwd=platform) == "v0.1.0"
    assert git("status", "--porcelain", cwd=platform) == ""
    created = idp("create", "service", "billing", "--output-dir", tmp_path, cwd=platform)
    assert created.exit_code == 0, created.stderr
    assert (platform / "environments/catalog/billing.yaml").is_file()


def test_the_workflows_are_shown_by_links_and_the_tools_own_are_left_out(tmp_path: Path) -> None:
    idp("init", tmp_path / "platform")
    shown = tmp_path / "platform/workflows/service-ci.yml"
    assert shown.is_symlink()
    assert shown.resolve() == (tmp_path / "platform/.github/workflows/service-ci.yml").resolve()
    assert not (tmp_path / "platform/.github/workflows/ci.yml").exists()


def test_it_carries_the_idp_that_its_workflows_run(tmp_path: Path) -> None:
    idp("init", tmp_path / "platform")
    carried = set(git("ls-files", "idp", cwd=tmp_path / "platform").splitlines())
    assert carried == set(git("ls-files", "-co", "--exclude-standard", "idp", cwd=ROOT).splitlines())
    locked = (tmp_path / "platform/requirements.txt").read_bytes()
    assert locked == (ROOT / "requirements.txt").read_bytes()


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "platform").mkdir()
    result = idp("init", tmp_path / "platform", "--output", "json")
    assert result.exit_code == 1
    assert result.json["errors"][0]["code"] == "destination-exists"
    assert list((tmp_path / "platform").iterdir()) == []


def test_the_repositorys_name_on_github_stands_in_workflows_and_services(tmp_path: Path) -> None:
    made = idp("init", tmp_path / "platform", "--repository", "acme/platform")
    assert made.exit_code == 0, made.stderr
    assert git("grep", "-l", "acme/platform", "--", ".github/workflows", cwd=tmp_path / "platform")
    files = (
        path for path in (tmp_path / "platform").rglob("*") if path.is_file() and ".git" not in path.parts
    )
    assert [path for path in files if b"example-org/idp-lite" in path.read_bytes()] == []
    created = idp("create", "service", "billing", "--output-dir", tmp_path, cwd=tmp_path / "platform")
    assert created.exit_code == 0, created.stderr
    assert "uses: acme/platform/" in (tmp_path / "billing/.github/workflows/ci.yml").read_text()


def test_a_repository_that_is_none_is_refused(tmp_path: Path) -> None:
    assert idp("init", tmp_path / "platform", "--repository", "acme; rm -rf /").exit_code == 2
    assert list(tmp_path.iterdir()) == []
