"""The scripts of the environments' actions, one by one."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT, build_file_tree, git, run, save
from tests.workflows.api import Api, serving

pytestmark = pytest.mark.needs("jq")

ACTIONS = ROOT / "workflows" / "actions"
TOKEN = "ghs-91fe"  # noqa: S105 - nobody's
PINS = (("dev", "cart"), ("dev", "shop"), ("staging", "shop"))
FILES = {f"environments/{environment}/{service}/release.env": "x\n" for environment, service in PINS}
FILES |= {
    "environments/dev/compose.yaml": "",
    "environments/base/service/kustomization.yaml": "",
    "environments/staging/cart/config.env": "",  # an overlay without a release
    "environments/catalog/shop.yaml": "",
    "environments/dev/$(touch pwned)/release.env": "x\n",
    'environments/dev/a"b/release.env': "x\n",
    "environments/dev/two\nlines/release.env": "x\n",
    "README.md": "",
}


def listed(repository: Path, **env: str) -> tuple[int, list[tuple[str, str]]]:
    output = repository.parent / "output"
    output.write_text("")
    given = {"BEFORE": "", "ENVIRONMENT": "", "SERVICE": "", "GITHUB_OUTPUT": str(output), **env}
    done = run(ACTIONS / "changed-services" / "list.sh", cwd=repository, env=given)
    text = output.read_text().partition("deployments=")[2]
    found = [(one["environment"], one["service"]) for one in json.loads(text)] if text else []
    return done.returncode, found


@pytest.fixture
def environments(tmp_path: Path) -> Path:
    folder = build_file_tree(tmp_path / "environments-repository", FILES)
    save(folder)
    return folder


CHANGES = {
    "a pin": ({"environments/dev/shop/release.env": "y\n"}, [("dev", "shop")]),
    "a file of an environment": (
        {"environments/dev/compose.yaml": "# y"},
        [("dev", "cart"), ("dev", "shop")],
    ),
    "what all share": ({"environments/base/service/kustomization.yaml": "# y"}, list(PINS)),
    "an overlay without a release": ({"environments/staging/cart/config.env": "A=1"}, []),
    "the catalog": ({"environments/catalog/shop.yaml": "# y"}, []),
    "nothing of the environments": ({"README.md": "y"}, []),
    "a folder with a hostile name": ({"environments/dev/$(touch pwned)/release.env": "y\n"}, []),
    "two services": (
        {"environments/dev/cart/config.env": "A=1", "environments/staging/shop/release.env": "y\n"},
        [("dev", "cart"), ("staging", "shop")],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_push_changed_is_deployed_and_nothing_else(change: str, environments: Path) -> None:
    files, expected = CHANGES[change]
    before = git("rev-parse", "HEAD", cwd=environments)
    save(build_file_tree(environments, files))
    assert listed(environments, BEFORE=before) == (0, expected)
    assert not list(environments.rglob("pwned"))


@pytest.mark.parametrize("before", ["0" * 40, "f" * 40, "", "--output=pwned"])
def test_where_it_is_not_known_what_was_before_everything_is_deployed(
    before: str, environments: Path
) -> None:
    assert listed(environments, BEFORE=before) == (0, list(PINS))
    assert not (environments / "pwned").exists()


@pytest.mark.parametrize(
    ("environment", "service", "expected"),
    [("dev", "", [("dev", "cart"), ("dev", "shop")]), ("staging", "shop", [("staging", "shop")])],
)
def test_what_somebody_names_is_deployed(
    environment: str, service: str, expected: list[tuple[str, str]], environments: Path
) -> None:
    assert listed(environments, ENVIRONMENT=environment, SERVICE=service) == (0, expected)


@pytest.mark.parametrize(
    ("environment", "service"), [("prod", ""), ("dev", "no"), ("$(touch pwned)", "a\nb")]
)
def test_what_somebody_names_and_nobody_released_is_an_error(
    environment: str, service: str, environments: Path
) -> None:
    assert listed(environments, ENVIRONMENT=environment, SERVICE=service)[0] == 1


def test_more_services_than_github_starts_jobs_for_go_by_environment(environments: Path) -> None:
    many = {f"environments/staging/s{number}/release.env": "x\n" for number in range(250)}
    save(build_file_tree(environments, many))
    assert listed(environments) == (0, [("dev", ""), ("staging", "")])


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    (tmp_path / "repositories" / "acme").mkdir(parents=True)
    with serving(tmp_path / "repositories", TOKEN) as found:
        yield found


def script(name: str, api: Api, folder: Path, **env: str) -> str:
    given = {
        "GITHUB_ACTION_PATH": str((ACTIONS / name).parent),
        "GITHUB_REPOSITORY": "acme/platform",
        "IDP_GITHUB_API_URL": api.url,
        "TOKEN": TOKEN,
        **env,
    }
    done = run(ACTIONS / name, cwd=folder, env=given)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


HOSTILE = '"}\n::error::x $(touch pwned) `touch pwned` \\" <!-- promotion-gate -->'


def test_the_table_is_one_comment_however_often_it_is_written(api: Api, tmp_path: Path) -> None:
    api.comments[1] = {"id": 1, "body": "<!-- promotion-gate -->\nmine", "user": {"type": "User"}}
    for table in ("first", HOSTILE):
        script("comment-gates/comment.sh", api, tmp_path, NUMBER="7", TABLE=table)
    assert {number: one["body"] for number, one in api.comments.items()} == {
        1: "<!-- promotion-gate -->\nmine",
        2: f"<!-- promotion-gate -->\n{HOSTILE}",
    }
    assert not (tmp_path / "pwned").exists()


def test_red_gates_of_open_promotions_are_tried_again_and_no_others(api: Api, tmp_path: Path) -> None:
    heads = {
        "a": "idp/promote/prod/shop",
        "b": "idp/promote/prod/cart",
        "c": "feature",
        "d": "idp/promote/dev/x",
    }
    api.pulls = [{"head": {"sha": sha * 40, "ref": ref}} for sha, ref in heads.items()]
    conclusions = {"a": "failure", "b": "success", "c": "failure", "d": None}
    for number, (sha, conclusion) in enumerate(conclusions.items()):
        api.runs[sha * 40] = [{"id": number, "conclusion": conclusion}]
    script("retry-gates/retry.sh", api, tmp_path)
    assert api.rerun == [0]


def test_a_refusal_of_github_is_an_error(api: Api, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="401"):
        script("retry-gates/retry.sh", api, tmp_path, TOKEN="wrong")  # noqa: S106 - nobody's
