"""The main job, from the command that the README names."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from idp.demo.delivery import delivering
from idp.demo.init import init
from idp.services.create import create
from tests.command_line import idp
from tests.deployments.cases import docker
from tests.support import git, run


@pytest.mark.slow
@pytest.mark.needs("make", "docker-engine")
@pytest.mark.xdist_group("docker")
def test_the_demo_shows_a_service_from_its_template_to_a_rollback_in_prod(tmp_path: Path) -> None:
    done = run(sys.executable, "-m", "idp", "demo", "--keep", "--output", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    data = json.loads(done.stdout)["data"]
    assert data["scorecard"]["passed"]
    assert data["scorecard"]["live"]
    assert data["scorecard"]["totals"]["failed"] == 1, "the demo's platform is a folder of this machine"
    assert data["scorecard"]["totals"]["not_checked"] == 0
    assert data["deployed"]
    assert [step["seconds"] > 0 for step in data["steps"]] == [True] * 8
    rolled_back = " ".join(data["steps"][-1]["seen"])
    assert "1.0.0 serves again" in rolled_back
    assert "answers status 200" in rolled_back
    assert "gate hold" in rolled_back
    folder = Path(data["folder"])
    (entry,) = (folder / "platform/environments/catalog").glob("user-profile-*.yaml")
    service = entry.stem
    assert git("tag", "--list", "hold/*", cwd=folder / "platform") == f"hold/prod/{service}/1.1.0/1"
    left = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True, check=False).stdout
    assert left == ""
    for environment in ("dev", "staging", "prod"):
        project = f"label=com.docker.compose.project={environment}-{service}"
        assert docker("ps", "--all", "--quiet", "--filter", project) == ""
    assert docker("images", "--quiet", "--filter", f"reference=*/*/{service}") == ""
    run("rm", "-rf", folder, cwd=tmp_path)


def test_without_an_engine_the_demo_says_what_is_missing_and_shows_gits_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    platform, service = tmp_path / "platform", tmp_path / "user-profile"
    init(platform)
    create(service.name, output_dir=tmp_path, platform=str(platform))
    with delivering(platform, service, make=pytest.fail, say=lambda _: None) as delivery:
        seen = [*delivery.release(), *delivery.promote(), *delivery.take_back()]
    assert not delivery.engine
    said = " ".join(seen)
    assert "nothing is deployed" in said
    assert "gate verified_in" in said
    assert "not known to be good" in said
    assert git("tag", "--list", "good/*", "hold/*", cwd=platform) == ""
    pinned = (platform / "environments/dev/user-profile/release.env").read_text()
    assert "RELEASE_VERSION=1.0.0" in pinned
    assert not (platform / "environments/staging/user-profile/release.env").exists()


def test_the_demo_says_beforehand_what_it_would_do() -> None:
    done = idp("demo", "--dry-run")
    assert done.exit_code == 0
    assert "rolled back" in done.stdout
