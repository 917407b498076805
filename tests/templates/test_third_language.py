"""A third language needs a folder and one line in copier.yml: a small Node.js template shows it."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from idp.templates import store as template_store
from tests.command_line import idp
from tests.scorecards import outcomes, without_local
from tests.support import git, platform_repository, run, save

TEMPLATE = Path(__file__).parent / "data" / "third-language" / "node"
LINE = "    Node.js (JavaScript): node\n"

pytestmark = [pytest.mark.slow, pytest.mark.needs("node")]


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The platform with the template, and a second version of it."""
    platform = platform_repository(tmp_path_factory.mktemp("extended") / "platform")
    shutil.copytree(TEMPLATE, platform / "copier-templates" / "node")
    config = platform / "copier.yml"
    text = config.read_text()
    (last,) = re.findall(r"    [^\n]+: spring-boot\n", text)
    config.write_text(text.replace(last, last + LINE))
    assert git("diff", "--numstat", cwd=platform) == "1\t0\tcopier.yml"
    save(platform, "feat: a template for Node.js", "v0.2.0")
    logs = platform / "copier-templates" / "node" / "project" / "src" / "logs.mjs"
    logs.write_text("// Second version.\n" + logs.read_text())
    save(platform, "feat: more for Node.js", "v0.3.0")
    git("switch", "-q", "--detach", cwd=platform)  # creations do not register here
    return platform


@pytest.fixture
def service(extended: Path, tmp_path: Path) -> Path:
    template_store.forget_lookups()
    made = idp(
        "create", "service", "quotes", "--template", extended, "--template-version", "v0.2.0",
        "--data", "template=node", "--output-dir", tmp_path,
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    return tmp_path / "quotes"


def test_it_is_offered_beside_the_others(extended: Path) -> None:
    template_store.forget_lookups()
    done = idp("templates", "--platform", extended, "--output", "json")
    assert done.exit_code == 0, done.stderr
    assert '"node"' in done.stdout
    assert '"spring-boot"' in done.stdout


def test_its_service_meets_every_standard_that_applies(service: Path) -> None:
    for target in ("test", "lint"):
        made = run("make", target, cwd=service)
        assert made.returncode == 0, made.stdout + made.stderr
    done = idp("check", "--live", service, "--output", "json")
    assert done.exit_code == 0, done.stdout
    assert without_local(outcomes(done.json)) == {"passed", "not-applicable"}


def test_its_answers_are_its_own_and_its_updates_come_like_any_others(service: Path) -> None:
    answers = yaml.safe_load((service / ".copier-answers.yml").read_text())
    assert answers["node_version"] == "24"
    assert not {"python_version", "java_release", "group_id", "java_package"} & answers.keys()
    (service / "README.md").write_text("Mine.\n\n" + (service / "README.md").read_text())
    save(service, "an edit")
    done = idp("update", service, "--output", "json")
    assert done.exit_code == 0, done.stdout
    assert (service / "README.md").read_text().startswith("Mine.\n")
    assert (service / "src" / "logs.mjs").read_text().startswith("// Second version.\n")
