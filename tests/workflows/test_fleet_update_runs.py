"""fleet-update.yml and service-create.yml, run."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.fleet.fleet_cases import PROJECT, Fleet, branches, make_fleet
from tests.support import ROOT, git, platform_repository
from tests.workflows.api import serving
from tests.workflows.runner import Hub, own_actions, run_workflow

pytestmark = [pytest.mark.slow, pytest.mark.needs("act", "jq"), pytest.mark.xdist_group("act")]

PLATFORM = "acme/platform"
REPOSITORY = {"full_name": PLATFORM, "name": "platform", "default_branch": "main", "owner": {"login": "acme"}}
SECRETS = {"IDP_APP_PRIVATE_KEY": "app-key-0d7b", "GITHUB_TOKEN": "ghs-77aa"}
SERVICES = ("cart", "mail", "pay", "search", "shop")


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Five services at v1.0.0 of a template that is at v1.1.0 by now."""
    found = make_fleet(tmp_path)
    for name in SERVICES:
        found.add(name)
    workflow = (ROOT / ".github" / "workflows" / "fleet-update.yml").read_text()
    found.release("v1.1.0", {f"{PROJECT}/new.txt": "new\n", ".github/workflows/fleet-update.yml": workflow})
    return found


def test_the_shards_of_a_fleet_update_cover_every_service_once(fleet: Fleet, tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    hub.publish(fleet.platform, PLATFORM)
    checkout = hub.clone(PLATFORM, tmp_path / "checkout")
    inputs = {"select": "", "version": "", "shards": "3", "test": "false"}
    outcome = run_workflow(
        hub,
        checkout,
        "workflow_dispatch",
        {"inputs": inputs, "repository": REPOSITORY},
        platform=own_actions(tmp_path / "own"),
        secrets=SECRETS,
        variables={"IDP_APP_ID": "17"},
    )
    assert outcome.exit_code == 0, outcome.log
    assert set(outcome.jobs) == {"plan", "update 1", "update 2", "update 3"}
    rows = (re.match(r"\[update (\d)\] (\w+) +.*v1\.1\.0", line) for line in outcome.lines)
    seen = Counter(row[2] for row in rows if row)
    assert seen == dict.fromkeys(SERVICES, 1)
    for name in SERVICES:
        (proposed,) = set(branches(fleet.services[name])) - {"main"}
        assert git("show", f"{proposed}:new.txt", cwd=fleet.services[name]) == "new"


def test_a_form_creates_a_service_with_its_repository_and_its_place_in_the_catalog(tmp_path: Path) -> None:
    platform = platform_repository(tmp_path / "platform")
    hub = Hub(tmp_path / "hub")
    hub.publish(platform, PLATFORM)
    checkout = hub.clone(PLATFORM, tmp_path / "checkout")
    inputs = {
        "name": "shop",
        "template": "fastapi",
        "description": "Sells \"things\" & 'more' $(touch ${STAND_INS}/pwned)",
        "owner": "@acme/shop",
        "visibility": "private",
    }
    with serving(hub.folder / "git", "ghs_stand_in") as api:
        hub.env["IDP_GITHUB_API_URL"] = api.url
        outcome = run_workflow(
            hub,
            checkout,
            "workflow_dispatch",
            {"inputs": inputs, "repository": REPOSITORY},
            platform=own_actions(tmp_path / "own"),
            secrets=SECRETS,
            variables={"IDP_APP_ID": "17"},
            arguments=("-W", str(checkout / ".github" / "workflows" / "service-create.yml")),
        )
    assert outcome.exit_code == 0, outcome.log
    assert [(made["name"], made["visibility"]) for made in api.created] == [("shop", "private")]
    service = hub.bare("acme/shop")
    answers = yaml.safe_load(git("show", "main:.copier-answers.yml", cwd=service))
    assert answers["_src_path"] == f"https://github.com/{PLATFORM}"
    assert answers["platform_repository"] == PLATFORM
    assert answers["description"] == inputs["description"]
    entry = yaml.safe_load(git("show", "main:environments/catalog/shop.yaml", cwd=hub.bare(PLATFORM)))
    assert entry["repository"].endswith("/acme/shop.git")
    assert not (hub.folder / "pwned").exists()
