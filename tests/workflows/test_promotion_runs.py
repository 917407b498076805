"""The workflows of the environments, run one after the other: the life of a release, good and bad."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from idp.environments.pin import Pin, pin_text
from tests.deployments.cases import Images, docker, registry
from tests.support import ROOT, git, platform_repository, run, save
from tests.workflows.api import Api, serving
from tests.workflows.runner import Hub, Outcome, own_actions, run_workflow

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs("act", "docker-engine", "kubectl", "jq"),
    pytest.mark.xdist_group("act"),
]

PLATFORM = "acme/platform"
TOKEN = "ghs-token-5e0c"  # noqa: S105 - nobody's
HOSTILE = "x$(touch ${STAND_INS}/pwned);`touch ${STAND_INS}/pwned2`\"'; touch ${STAND_INS}/pwned3; ${{ github.token }}"


@dataclass
class World:
    """acme/platform with one service, and everything that runs it."""

    hub: Hub
    actions: Path
    images: Images
    api: Api
    folder: Path
    service: str = field(default_factory=lambda: f"shop-{uuid.uuid4().hex[:8]}")

    def idp(self, *argv: str) -> str:
        env = {"GIT_CONFIG_GLOBAL": str(self.hub.folder / "gitconfig")}
        done = run("idp", *argv, "--platform", f"https://github.com/{PLATFORM}", cwd=self.folder, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def release(self, version: str, fault: str = "") -> Pin:
        pin = self.images.pin(version, fault)
        given = (
            "--version",
            version,
            "--image",
            pin.image,
            "--revision",
            pin.revision,
            "--check",
            "test=passed",
        )
        self.idp("release", self.service, *given)
        return pin

    def tip(self, ref: str = "main") -> str:
        return git("rev-parse", ref, cwd=self.hub.bare(PLATFORM))

    def tags(self, kind: str) -> list[str]:
        return git("tag", "--list", f"{kind}/*", cwd=self.hub.bare(PLATFORM)).split()

    def pinned(self, environment: str) -> str:
        text = git(
            "show",
            f"main:environments/{environment}/{self.service}/release.env",
            cwd=self.hub.bare(PLATFORM),
        )
        return next(
            line.partition("=")[2] for line in text.splitlines() if line.startswith("RELEASE_VERSION=")
        )

    def checkout(self, ref: str = "main") -> Path:
        folder = self.folder / uuid.uuid4().hex[:8]
        self.hub.clone(PLATFORM, folder)
        git("checkout", "--quiet", ref, cwd=folder)
        return folder

    def run(
        self, workflow: str, event: str, payload: Mapping[str, Any], checkout: Path | None = None
    ) -> Outcome:
        where = checkout or self.checkout()
        repository = {
            "full_name": PLATFORM,
            "name": "platform",
            "default_branch": "main",
            "owner": {"login": "acme"},
        }
        return run_workflow(
            self.hub,
            where,
            event,
            {"repository": repository, **payload},
            platform=self.actions,
            secrets={"IDP_APP_PRIVATE_KEY": "app-key-91d2", "GITHUB_TOKEN": TOKEN},
            variables={"IDP_APP_ID": "17"},
            arguments=("-W", str(where / ".github" / "workflows" / workflow)),
        )

    def push(self, before: str) -> Outcome:
        """What a push to main starts: a deployment of what it changed."""
        after = self.tip()
        return self.run("deploy.yml", "push", {"ref": "refs/heads/main", "before": before, "after": after})

    def dispatch(self, workflow: str, **inputs: str) -> Outcome:
        return self.run(workflow, "workflow_dispatch", {"inputs": inputs, "ref": "refs/heads/main"})

    def propose(self, branch: str, number: int = 7) -> Outcome:
        """A pull request of a branch, as GitHub hands it to a workflow: merged into main for the occasion."""
        checkout = self.checkout()
        base = git("rev-parse", "HEAD", cwd=checkout)
        head = git("rev-parse", f"origin/{branch}", cwd=checkout)
        git("merge", "--quiet", "--no-ff", "-m", HOSTILE, head, cwd=checkout)
        git("push", "--quiet", self.hub.bare(PLATFORM), f"+HEAD:refs/pull/{number}/merge", cwd=checkout)
        repository = {"full_name": PLATFORM}
        pull_request = {
            "number": number,
            "title": HOSTILE,
            "body": HOSTILE,
            "head": {"ref": branch, "sha": head, "repo": repository},
            "base": {"ref": "main", "sha": base, "repo": repository},
        }
        payload = {"action": "synchronize", "number": number, "pull_request": pull_request}
        return self.run("promotion-gate.yml", "pull_request", payload, checkout)

    def merge(self, branch: str) -> str:
        """Merge it on main; the commit before."""
        before, checkout = self.tip(), self.checkout()
        git("merge", "--quiet", "--no-ff", "-m", HOSTILE, f"origin/{branch}", cwd=checkout)
        git("push", "--quiet", self.hub.bare(PLATFORM), "HEAD:main", cwd=checkout)
        return before

    def branch_by_hand(self, environment: str, pin: Pin) -> str:
        """A branch with a hostile name that moves a pin, as a person would push it."""
        name = f"hand/{uuid.uuid4().hex[:6]}$(touch${{IFS}}${{STAND_INS}}/pwned4)"
        checkout = self.checkout()
        path = checkout / "environments" / environment / self.service / "release.env"
        path.write_bytes(pin_text(pin))
        save(checkout, HOSTILE)
        git("push", "--quiet", self.hub.bare(PLATFORM), f"HEAD:refs/heads/{name}", cwd=checkout)
        return name

    def containers(self, environment: str) -> list[str]:
        """The images that run, by digest."""
        label = f"label=com.docker.compose.project={environment}-{self.service}"
        running = docker("ps", "--quiet", "--filter", label).split()
        return docker("inspect", "--format", "{{.Config.Image}}", *running).split() if running else []


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    platform = platform_repository(folder / "platform")
    actions = own_actions(folder / "actions")
    with registry() as address:
        images = Images(address)
        hub = Hub(folder / "hub")
        with serving(folder / "hub" / "git", TOKEN) as api:
            hub.env["IDP_GITHUB_API_URL"] = api.url
            found = World(hub, actions, images, api, folder)
            arguments = ("--platform", platform, "--output-dir", folder, "--defaults")
            done = run("idp", "create", "service", found.service, *arguments, cwd=folder)
            assert done.returncode == 0, done.stderr
            hub.publish(platform, PLATFORM)
            try:
                yield found
            finally:
                for environment in ("dev", "staging"):
                    project = f"{environment}-{found.service}"
                    run("docker", "compose", "--project-name", project, "down", "--timeout=0", cwd=ROOT)
                images.remove()


def gate(outcome: Outcome) -> str:
    return outcome.jobs["gate"]


def test_a_release_goes_its_way_through_the_workflows(world: World) -> None:
    before = world.tip()
    first = world.release("1.0.0")
    deployed = world.push(before)
    assert deployed.exit_code == 0, deployed.log
    assert world.containers("dev") == [first.image]
    assert world.tags("good") == [f"good/dev/{world.service}/1.0.0"]

    promoted = world.dispatch("promote.yml", environment="staging", service="", release="")
    assert promoted.exit_code == 0, promoted.log
    branch = f"idp/promote/staging/{world.service}"
    green = world.propose(branch)
    assert (green.exit_code, gate(green)) == (0, "success"), green.log
    (comment,) = world.api.comments.values()
    assert "verified_in" in comment["body"]

    merged = world.push(world.merge(branch))
    assert merged.exit_code == 0, merged.log
    assert world.containers("staging") == [first.image]
    assert set(merged.jobs) == {"changes", f"staging {world.service}"}

    second = world.release("1.1.0")  # recorded and pinned in dev, but nobody has seen it run there
    red = world.propose(world.branch_by_hand("staging", second))
    assert (red.exit_code, gate(red)) == (1, "failure")
    assert len(world.api.comments) == 1
    assert "has not been verified in dev" in world.api.comments[1]["body"]
    assert world.pinned("staging") == "1.0.0"


def test_a_release_that_does_not_hold_is_taken_back_and_the_run_is_red(world: World) -> None:
    good = world.dispatch("deploy.yml", environment="dev", service=world.service)
    assert good.exit_code == 0, good.log
    assert f"good/dev/{world.service}/1.1.0" in world.tags("good")
    before = world.tip()
    world.release("1.2.0", "crashes")
    assert world.pinned("dev") == "1.2.0"
    outcome = world.push(before)
    assert outcome.exit_code == 1
    assert outcome.jobs[f"dev {world.service}"] == "failure"
    assert world.pinned("dev") == "1.1.0"
    message = git("log", "-1", "--format=%B", "main", cwd=world.hub.bare(PLATFORM))
    assert "Idp-Action: rollback" in message
    assert [tag for tag in world.tags("hold") if "/1.2.0/" in tag]
    assert world.containers("dev") == [world.images.pin("1.1.0").image]


def test_on_call_rolls_back_by_a_form(world: World) -> None:
    outcome = world.dispatch(
        "rollback.yml", environment="dev", service=world.service, version="", reason=HOSTILE
    )
    assert outcome.exit_code == 0, outcome.log
    assert world.pinned("dev") == "1.0.0"
    assert world.containers("dev") == [world.images.pin("1.0.0").image]


def test_drift_is_red_where_something_else_runs_than_is_pinned(world: World) -> None:
    docker("compose", "--project-name", f"dev-{world.service}", "down", "--timeout=0")
    outcome = world.dispatch("drift.yml")
    assert outcome.exit_code == 1
    # act gives all jobs of a matrix the result of the worst, so that their steps have to be asked.
    results = {step.job: step.result for step in outcome.steps if step.name.endswith("deploy-service@v1")}
    assert results == {
        "runtime drift dev": "failure",
        "runtime drift staging": "success",
        "runtime drift prod": "success",
    }


@pytest.mark.parametrize(
    ("workflow", "inputs"),
    [
        ("promote.yml", {"environment": HOSTILE, "service": HOSTILE, "release": HOSTILE}),
        ("promote.yml", {"environment": "staging", "service": f"--all {HOSTILE}", "release": ""}),
        ("deploy.yml", {"environment": HOSTILE, "service": HOSTILE}),
        ("rollback.yml", {"environment": HOSTILE, "service": HOSTILE, "version": HOSTILE, "reason": HOSTILE}),
        (
            "fleet-update.yml",
            {"select": HOSTILE, "version": HOSTILE, "shards": "1$(touch pwned)", "test": "false"},
        ),
        (
            "service-create.yml",
            {
                "name": HOSTILE,
                "template": "fastapi",
                "description": HOSTILE,
                "owner": HOSTILE,
                "visibility": "x",
            },
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_form_filled_in_with_hostile_text_fails_and_does_nothing(
    world: World, workflow: str, inputs: dict[str, str]
) -> None:
    before = git("for-each-ref", cwd=world.hub.bare(PLATFORM))
    outcome = world.dispatch(workflow, **inputs)
    assert outcome.exit_code == 1
    assert "failure" in outcome.jobs.values()
    assert git("for-each-ref", cwd=world.hub.bare(PLATFORM)) == before


def test_hostile_words_executed_nothing(world: World) -> None:
    assert not list(world.hub.folder.glob("pwned*"))
