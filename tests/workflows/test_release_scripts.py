"""What the release workflow asks before it publishes, and how `v1` follows."""

from pathlib import Path

import pytest

from tests.support import ROOT, build_file_tree, git, run, save

ACTIONS = ROOT / "workflows" / "actions"
FILES = {"pyproject.toml": 'version = "1.2.0"\n', "CHANGELOG.md": "# Changelog\n\n## 1.2.0 (2026-11-23)\n"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone whose main is at the commit tagged v1.2.0."""
    origin = build_file_tree(tmp_path / "origin", FILES)
    save(origin, "one", "v1.2.0")
    git("clone", "--quiet", "--bare", origin, "bare.git", cwd=tmp_path)
    git("clone", "--quiet", tmp_path / "bare.git", "checkout", cwd=tmp_path)
    return tmp_path / "checkout"


def check(checkout: Path, tag: str = "v1.2.0") -> tuple[int, str]:
    done = run(ACTIONS / "check-release.sh", tag, cwd=checkout)
    return done.returncode, done.stderr


def test_a_tag_of_main_that_all_files_agree_with_is_released(checkout: Path) -> None:
    assert check(checkout) == (0, "")


@pytest.mark.parametrize("tag", ["v1.2", "1.2.0", "v1.2.0-rc.1", "v1.2.0\n", "$(touch pwned)", "--help"])
def test_a_tag_of_another_form_is_refused(tag: str, checkout: Path) -> None:
    exit_code, said = check(checkout, tag)
    assert exit_code == 1
    assert "Not a version" in said
    assert not (checkout / "pwned").exists()


def test_a_tag_that_the_files_do_not_name_is_refused(checkout: Path) -> None:
    assert "pyproject.toml names another version" in check(checkout, "v1.3.0")[1]
    build_file_tree(checkout, {"pyproject.toml": 'version = "1.2.1"\n'})
    assert "CHANGELOG.md has no section" in check(checkout, "v1.2.1")[1]


def test_a_commit_that_is_not_on_main_is_refused(checkout: Path) -> None:
    save(checkout, "on nobody's branch")
    exit_code, said = check(checkout)
    assert exit_code == 1
    assert "not on main" in said


def move(checkout: Path, tag: str) -> int:
    env = {"GITHUB_SERVER_URL": "https://github.com", "IDP_GITHUB_TOKEN": "nobody's"}
    return run(ACTIONS / "move-branch.sh", tag, cwd=checkout, env=env).returncode


def test_v1_follows_a_release_forwards_and_never_back(checkout: Path) -> None:
    bare = checkout.parent / "bare.git"
    assert move(checkout, "v1.2.0") == 0
    first = git("rev-parse", "v1", cwd=bare)
    assert first == git("rev-parse", "v1.2.0^{commit}", cwd=bare)
    second = save(checkout, "two")
    git("tag", "-m", "annotated", "v1.3.0", cwd=checkout)
    assert move(checkout, "v1.3.0") == 0
    assert git("rev-parse", "v1", cwd=bare) == second
    assert move(checkout, "v1.2.0") != 0
    assert git("rev-parse", "v1", cwd=bare) == second


def test_before_the_first_major_version_v1_is_what_is_to_become_it(checkout: Path) -> None:
    git("tag", "v0.9.0", cwd=checkout)
    assert move(checkout, "v0.9.0") == 0
    assert git("branch", "--list", "v1", cwd=checkout.parent / "bare.git")
    assert move(checkout, "v0.9;touch pwned") != 0
