"""From a push to the pin in dev: what service-ci.yml adds to the service's own lint, tests and image build."""

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.pairs import Ratio
from tests.support import git, platform_repository, run, save
from tests.workflows.advisories import advisories
from tests.workflows.runner import PLATFORM, Hub, Step, run_workflow

TARGET_SECONDS = 20.0
_REGISTRY = "127.0.0.1:5000"
_SERVICES_OWN = ("make lint", "make test")
_IMAGE_BUILD = ("build", "make")
"""The step of the action build-image that calls `make image`."""
_AFTER_ALL = ("publish", "release")


def can_be_measured() -> bool:
    """Whether act, an engine and a registry are here."""
    tools = all(shutil.which(name) for name in ("act", "docker"))
    return (
        tools and run("curl", "--silent", "--fail", f"http://{_REGISTRY}/v2/", cwd=Path.cwd()).returncode == 0
    )


def pipeline_overhead(folder: Path) -> Ratio:
    """Run one push, one job at a time as on machines of their own; the longest way through the jobs counts."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    platform, service = _created(folder)
    with advisories({}) as address:
        hub = Hub(folder / "hub", {"IMAGE_BUILD_FLAGS": "--network host", "OSV_URL": address})
        hub.publish(platform, "acme/platform")
        hub.publish(service, "acme/measured")
        _push(
            hub, folder / "warm", platform
        )  # images, wheels and layers are there on any runner's second run
        save(service, "feat: next")
        git("push", "--quiet", hub.bare("acme/measured"), "HEAD:main", cwd=service)
        seconds = longest_way(_push(hub, folder / "measured-checkout", platform))
    return Ratio(
        "push to pinned in dev, our own steps", seconds, TARGET_SECONDS, seconds / TARGET_SECONDS, target=1.0
    )


def longest_way(steps: Iterable[Step]) -> float:
    """Seconds of our own steps from the start to the end of `release`.

    What act needs to fetch and copy an action is not in it: a runner of GitHub does that before the job's first step.
    """
    spent: dict[str, float] = {}
    for step in _innermost(steps):
        if step.name not in _SERVICES_OWN and step.path != _IMAGE_BUILD:
            spent[step.job] = spent.get(step.job, 0) + step.seconds
    checks = (seconds for job, seconds in spent.items() if job not in {*_AFTER_ALL, "ci"})
    return max(checks) + sum(spent[job] for job in _AFTER_ALL)


def _innermost(steps: Iterable[Step]) -> list[Step]:
    """Those that run something themselves, instead of steps of their own."""
    every = list(steps)
    outer = {(step.job, step.path[:-1]) for step in every}
    return [step for step in every if (step.job, step.path) not in outer]


def _created(folder: Path) -> tuple[Path, Path]:
    platform = platform_repository(folder / "pipeline-platform")
    arguments = (
        "--platform",
        platform,
        "--output-dir",
        folder,
        "--defaults",
        "-d",
        "platform_repository=acme/platform",
    )
    done = run("idp", "create", "service", "measured", *arguments, cwd=folder)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return platform, folder / "measured"


def _push(hub: Hub, checkout: Path, platform: Path) -> tuple[Step, ...]:
    hub.clone("acme/measured", checkout)
    repository: Mapping[str, Any] = {
        "full_name": "acme/measured",
        "name": "measured",
        "default_branch": "main",
        "visibility": "private",
        "owner": {"login": "acme"},
    }
    commit = git("rev-parse", "HEAD", cwd=checkout)
    outcome = run_workflow(
        hub,
        checkout,
        "push",
        {"ref": "refs/heads/main", "after": commit, "repository": repository},
        platform=platform,
        own=(PLATFORM, "acme/platform"),
        secrets={"IDP_APP_PRIVATE_KEY": "app-key", "GITHUB_TOKEN": "ghs-token"},
        variables={"IDP_APP_ID": "1", "IDP_REGISTRY": _REGISTRY},
        arguments=("--concurrent-jobs", "1"),
    )
    if outcome.exit_code != 0:
        raise RuntimeError(outcome.log)
    return outcome.steps
