"""service-ci.yml, run for a Spring Boot service: the same caller, the same jobs, a release in dev."""

import json
from pathlib import Path

import pytest

from tests.support import git, platform_repository, run
from tests.workflows.runner import PLATFORM, Hub, run_workflow

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs("act", "docker-engine", "jq", "mvn"),
    pytest.mark.xdist_group("act"),
]

REGISTRY = "127.0.0.1:5000"
REPOSITORY = "acme/billing"


def test_a_push_of_a_spring_service_runs_every_job_and_is_pinned_in_dev(
    tmp_path: Path, no_advisories: str
) -> None:
    platform = platform_repository(tmp_path / "platform")
    owner = ("-d", "owner=@acme/money", "-d", "platform_repository=acme/platform")
    words = ("create", "service", "billing", "--template", "spring-boot", "--platform", platform)
    done = run("idp", *words, "--output-dir", tmp_path, *owner, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    hub = Hub(tmp_path / "hub", {"IMAGE_BUILD_FLAGS": "--network host", "OSV_URL": no_advisories})
    hub.publish(platform, "acme/platform")
    hub.publish(tmp_path / "billing", REPOSITORY)
    checkout = hub.clone(REPOSITORY, tmp_path / "checkout" / "billing")
    commit = git("rev-parse", "HEAD", cwd=checkout)
    version = f"0.0.1-dev.1.g{commit[:12]}"
    event = {
        "ref": "refs/heads/main",
        "before": "0" * 40,
        "after": commit,
        "repository": {
            "full_name": REPOSITORY,
            "name": "billing",
            "default_branch": "main",
            "visibility": "private",
            "owner": {"login": "acme"},
        },
    }
    pushed = run_workflow(
        hub,
        checkout,
        "push",
        event,
        platform=platform,
        own=(PLATFORM, "acme/platform"),
        secrets={"IDP_APP_PRIVATE_KEY": "app-key-7c1f", "GITHUB_TOKEN": "ghs-4b1d"},
        variables={"IDP_APP_ID": "17", "IDP_REGISTRY": REGISTRY},
    )
    for image in (f"service-ci:{version}", f"{REGISTRY}/{REPOSITORY}:{version}"):
        run("docker", "rmi", "--force", image, cwd=tmp_path)
    assert pushed.exit_code == 0, pushed.log
    jobs = {"lint", "test", "idp check", "scan", "image", "publish", "release", "ci"}
    assert pushed.jobs == dict.fromkeys(jobs, "success")
    pin = git("show", "main:environments/dev/billing/release.env", cwd=hub.bare("acme/platform"))
    assert f"RELEASE_REVISION={commit}" in pin.splitlines()
    bill = json.loads((hub.folder / "spdxjson.json").read_text())
    assert "spring-boot" in {package["name"] for package in bill["packages"]}
