"""A new service gets its overlays in the platform's environments, in the commit that registers it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.command_line import idp
from tests.services.test_create import QUICK_TEMPLATE
from tests.support import ROOT, build_file_tree, git, save

FILES = ("compose.yaml", "config.env", "kustomization.yaml")
ENTRY = "environments/catalog/billing.yaml"


@pytest.fixture
def small_platform(tmp_path: Path) -> Path:
    """A platform whose one template renders in an instant, with the environments that platforms have."""
    repository = build_file_tree(tmp_path / "platform", QUICK_TEMPLATE)
    shutil.copytree(ROOT / "environments", repository / "environments", dirs_exist_ok=True)
    overlay = "copier-templates/_overlay"
    shutil.copytree(ROOT / overlay, repository / overlay)
    save(repository, tag="v1.0.0")
    return repository


def create(platform: Path, name: str = "billing", *options: str, code: int = 0) -> dict[str, object]:
    words = ("--template", "small", "--output-dir", str(platform.parent), "--output", "json", *options)
    done = idp("create", "service", name, *words, cwd=platform)
    assert done.exit_code == code, done.stdout
    data = done.json["data"] if code == 0 else done.json["errors"][0]
    assert isinstance(data, dict)
    return data


def added(platform: Path) -> list[str]:
    return git("diff", "--name-only", "--diff-filter=A", "HEAD^", "HEAD", cwd=platform).splitlines()


def expected(*environments: str, service: str = "billing") -> list[str]:
    return [f"environments/{environment}/{service}/{name}" for environment in environments for name in FILES]


def test_the_overlays_of_the_whole_chain_come_with_the_catalog_entry_in_one_commit(
    small_platform: Path,
) -> None:
    before = git("rev-parse", "HEAD", cwd=small_platform)
    dry = create(small_platform, "billing", "--dry-run")
    assert dry["overlays"] == expected("dev", "staging", "prod")
    assert git("rev-parse", "HEAD", cwd=small_platform) == before
    done = create(small_platform)
    assert done["overlays"] == dry["overlays"]
    assert git("rev-parse", "HEAD^", cwd=small_platform) == before
    assert sorted(added(small_platform)) == sorted([ENTRY, *expected("dev", "staging", "prod")])
    assert git("status", "--porcelain", cwd=small_platform) == ""
    text = (small_platform / "environments/prod/billing/kustomization.yaml").read_text()
    assert 'namespace: "prod"' in text
    assert 'app.kubernetes.io/name: "billing"' in text


def test_the_chain_says_which_environments_there_are(small_platform: Path) -> None:
    assert idp("env", "add", "qa", "--after", "dev", cwd=small_platform).exit_code == 0
    assert create(small_platform)["overlays"] == expected("dev", "qa", "staging", "prod")


@pytest.mark.parametrize("missing", ["environments/environments.yaml", "copier-templates/_overlay"])
def test_a_platform_that_is_older_than_overlays_registers_the_service_alone(
    small_platform: Path, missing: str
) -> None:
    git("rm", "-rq", missing, cwd=small_platform)
    save(small_platform)
    assert create(small_platform)["overlays"] == []
    assert added(small_platform) == [ENTRY]


def test_a_file_that_is_there_already_is_kept(small_platform: Path) -> None:
    leaf = small_platform / "environments/dev/billing"
    leaf.mkdir(parents=True)
    (leaf / "config.env").write_text("# mine\n")
    save(small_platform)
    assert "environments/dev/billing/config.env" not in str(create(small_platform)["overlays"])
    assert (leaf / "config.env").read_text() == "# mine\n"
    assert (leaf / "compose.yaml").exists()


@pytest.mark.parametrize("name", ["null", "true", "false"])
def test_a_name_that_kustomize_would_write_as_no_name_is_refused_before_anything_is_written(
    small_platform: Path, name: str
) -> None:
    before = git("rev-parse", "HEAD", cwd=small_platform)
    assert create(small_platform, name, code=2)["code"] == "name-reserved"
    assert git("rev-parse", "HEAD", cwd=small_platform) == before
    assert not (small_platform.parent / name).exists()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("service/compose.yaml.jinja", "{{ no_such_variable }}"),
        ("service/compose.yaml.jinja", "{% for %}"),
        ("copier.yml", "_jinja_extensions: [jinja2.ext.do]\n_subdirectory: service\n"),
        ("copier.yml", "["),
    ],
)
def test_a_broken_overlay_template_leaves_nothing_behind(small_platform: Path, path: str, text: str) -> None:
    (small_platform / "copier-templates/_overlay" / path).write_text(text)
    before = save(small_platform)
    refused = create(small_platform, code=1)
    assert refused["hint"]
    assert git("rev-parse", "HEAD", cwd=small_platform) == before
    assert git("status", "--porcelain", cwd=small_platform) == ""
    assert sorted(path.name for path in small_platform.parent.iterdir()) == ["platform"]


def test_a_link_in_the_overlay_template_is_refused(small_platform: Path) -> None:
    (small_platform / "copier-templates/_overlay/service/stolen").symlink_to("/etc/passwd")
    save(small_platform)
    assert create(small_platform, code=1)["code"] == "overlay-template-invalid"


def test_concurrent_creations_lose_no_overlay(small_platform: Path) -> None:
    def start(number: int) -> int:
        words = ("create", "service", f"service-{number}", "--template", "small", "--output-dir", "..")
        command = [sys.executable, "-m", "idp", *words]
        return subprocess.run(command, cwd=small_platform, capture_output=True, check=False).returncode

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(6))) == [0] * 6
    tracked = set(git("ls-files", "environments", cwd=small_platform).splitlines())
    for number in range(6):
        assert set(expected("dev", "staging", "prod", service=f"service-{number}")) <= tracked
    assert git("rev-list", "--count", "HEAD", cwd=small_platform) == "7"
    assert git("status", "--porcelain", cwd=small_platform) == ""


@pytest.mark.slow
def test_killed_at_any_moment_the_entry_and_its_overlays_are_all_committed_or_none(
    small_platform: Path,
) -> None:
    words = ["create", "service", "billing", "--template", "small", "--output-dir"]
    whole = {ENTRY, *expected("dev", "staging", "prod")}

    def start(folder: Path, kill_after: float | None) -> None:
        folder.mkdir()
        child = subprocess.Popen(
            [sys.executable, "-m", "idp", *words, str(folder)],
            cwd=small_platform,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ,
        )
        if kill_after is not None:
            time.sleep(kill_after)
            child.send_signal(signal.SIGKILL)
        child.wait(120)

    begin = time.monotonic()
    start(small_platform.parent / "whole", None)
    duration = time.monotonic() - begin
    assert set(added(small_platform)) == whole
    for moment in range(8):
        git("reset", "--quiet", "--hard", "v1.0.0", cwd=small_platform)
        git("clean", "-qfd", cwd=small_platform)
        (small_platform / ".git/index.lock").unlink(missing_ok=True)
        start(small_platform.parent / f"killed-{moment}", duration * (0.55 + 0.5 * moment / 8))
        committed = set(git("ls-tree", "-r", "--name-only", "HEAD", cwd=small_platform).splitlines())
        assert committed & whole in (set(), whole)
        assert git("fsck", "--no-dangling", cwd=small_platform) == ""
