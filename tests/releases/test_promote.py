"""`idp promote`: one file, if the gates let it; by a pull request or on the branch."""

import json
from pathlib import Path

import pytest

from idp.environments.pin import parse_pin
from idp.forges.local.forge import LocalForge
from tests.releases.cases import (
    CHAIN,
    KINDS,
    OPEN_CHAIN,
    REVISION,
    World,
    bare_origin,
    image,
    tree,
    work_tree,
)
from tests.support import build_file_tree, git, save

BRANCH = "idp/promote/staging/payments"
APPROVALS = CHAIN.replace("verified_in: dev}", "verified_in: dev, approvals: {count: 1}}")


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    made: World = request.param(tmp_path)
    made.released("payments", "1.0.0")
    return made


def promote(world: World, *words: str) -> "tuple[int, str]":
    done = world.idp("promote", "payments", "--to", "staging", *words)
    return done.exit_code, done.stdout + done.stderr


def test_a_promotion_changes_one_file_in_one_commit_with_trailers(world: World) -> None:
    world.good("dev", "payments")
    before = world.tip()
    done = world.idp("promote", "payments", "--to", "staging", "--output", "json")
    assert done.exit_code == 0, done.stdout
    changed = git("diff", "--name-status", before, "main", cwd=world.truth).split("\n")
    assert changed == ["A\tenvironments/staging/payments/release.env"]
    assert world.pin("staging", "payments") == world.pin("dev", "payments")
    message = git("log", "-1", "--format=%B", "main", cwd=world.truth)
    for line in (
        "Idp-Action: promote",
        "Idp-Service: payments",
        "Idp-Environment: staging",
        "Idp-Release: 1.0.0",
    ):
        assert line in message.splitlines()
    data = done.json["data"]
    assert (data["state"], data["source"], data["commit"]) == ("done", "dev", world.tip())
    assert [gate["state"] for gate in data["gates"]] == ["passed"] * 3


def test_a_checkout_that_is_behind_afterwards_is_told_so(tmp_path: Path) -> None:
    world = bare_origin(tmp_path)
    world.released("payments", "1.0.0")
    world.good("dev", "payments")
    assert "`git pull`" in promote(world)[1]
    assert "`git pull`" not in promote(world)[1]


def test_a_gate_that_has_not_passed_writes_nothing_and_says_which_why(world: World) -> None:
    before = world.refs()
    for words in ((), ("--merge",), ("--pr",), ("--dry-run",), ("--explain",)):
        code, said = promote(world, *words)
        assert code == 11
        assert "has not been verified in dev" in " ".join(said.split())
    assert world.refs() == before


def test_twice_is_once(world: World) -> None:
    world.good("dev", "payments")
    assert promote(world)[0] == 0
    before = world.refs()
    code, said = promote(world)
    assert code == 0
    assert "already" in said
    assert world.refs() == before


def test_a_pull_request_changes_one_file_on_a_branch_and_is_opened_once(world: World) -> None:
    world.good("dev", "payments")
    before = world.tip()
    code, _ = promote(world, "--pr")
    assert code == 0
    assert world.tip() == before
    (opened,) = LocalForge().list_open(str(world.truth))
    assert (opened.head, opened.base) == (BRANCH, "main")
    assert (
        git("diff", "--name-only", f"main...{BRANCH}", cwd=world.truth)
        == "environments/staging/payments/release.env"
    )
    for heading in ("### What changes", "### Commits", "### Gates", "### Evidence"):
        assert heading in opened.body
    refs = world.refs()
    code, said = promote(world, "--pr")
    assert (code, world.refs()) == (0, refs)
    assert "is open" in said


def test_the_branch_itself_takes_the_pull_request_along(world: World) -> None:
    world.good("dev", "payments")
    assert promote(world, "--pr")[0] == 0
    assert promote(world, "--merge")[0] == 0
    assert LocalForge().find_open(str(world.truth), BRANCH) is None
    assert git("for-each-ref", "refs/heads/idp", cwd=world.truth) == ""
    document = git("for-each-ref", "--format=%(objectname)", "refs/idp/pull", cwd=world.truth)
    assert json.loads(git("cat-file", "-p", document, cwd=world.truth))["state"] == "merged"


def test_a_newer_release_refreshes_the_pull_request(world: World) -> None:
    world.good("dev", "payments")
    assert promote(world, "--pr")[0] == 0
    world.released("payments", "1.1.0")
    world.good("dev", "payments")
    assert promote(world, "--pr")[0] == 0
    (opened,) = LocalForge().list_open(str(world.truth))
    assert "1.1.0" in opened.title
    path = "environments/staging/payments/release.env"
    content = git("show", f"{BRANCH}:{path}", cwd=world.truth) + "\n"
    assert parse_pin(content.encode(), path).version == "1.1.0"
    assert git("rev-list", "--count", f"main..{BRANCH}", cwd=world.truth) == "1"


def test_a_branch_with_somebodys_own_commits_is_left_alone(tmp_path: Path) -> None:
    world = bare_origin(tmp_path)
    world.released("payments", "1.0.0")
    world.good("dev", "payments")
    assert promote(world, "--pr")[0] == 0
    git("fetch", "--quiet", cwd=world.platform)
    git("switch", "--quiet", BRANCH, cwd=world.platform)
    save(
        build_file_tree(world.platform, {"environments/staging/payments/config.env": "LOG_LEVEL=debug\n"}),
        "mine",
    )
    git("push", "--quiet", "origin", BRANCH, cwd=world.platform)
    tip = git("rev-parse", BRANCH, cwd=world.truth)
    world.released("payments", "1.1.0")
    world.good("dev", "payments")
    code, said = promote(world, "--pr")
    assert code == 1
    assert "own" in said
    assert promote(world, "--merge")[0] == 0
    assert git("rev-parse", BRANCH, cwd=world.truth) == tip


def test_a_missing_overlay_comes_first_in_a_commit_of_its_own(tmp_path: Path) -> None:
    world = work_tree(tmp_path)
    overlay = Path(__file__).parents[2] / "copier-templates/_overlay"
    files = {
        f"copier-templates/_overlay/{path.relative_to(overlay)}": path.read_bytes()
        for path in overlay.rglob("*")
        if path.is_file()
    }
    world.write(files)
    git("rm", "-r", "--quiet", "environments/staging/payments", cwd=world.platform)
    save(world.platform, "no overlay in staging")
    world.released("payments", "1.0.0")
    world.good("dev", "payments")
    before = world.tip()
    assert promote(world)[0] == 0
    first, second = git("rev-list", "--reverse", f"{before}..main", cwd=world.truth).split()
    names = [
        git("show", "--format=", "--name-only", commit, cwd=world.truth).split() for commit in (first, second)
    ]
    assert "environments/staging/payments/kustomization.yaml" in names[0]
    assert names[1] == ["environments/staging/payments/release.env"]
    assert git("status", "--porcelain", cwd=world.platform) == ""


def test_a_release_can_be_named(world: World) -> None:
    world.good("dev", "payments")
    world.released("payments", "1.1.0")
    code, _ = promote(world, "--release", "1.0.0")
    assert (code, world.version("staging", "payments")) == (0, "1.0.0")
    code, said = promote(world, "--release", "9.9.9")
    assert code == 1
    assert "1.0.0, 1.1.0" in said


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--to", "qa"), 2, "dev → staging → prod"),
        (("--to", "dev"), 2, "--release"),
        (("--to", "prod"), 1, "no release in staging"),
        ((), 2, "--to ENVIRONMENT"),
        (("--to", "staging", "--pr", "--merge"), 2, "exclude each other"),
        (("--to", "staging", "--all"), 2, "--all takes neither"),
        (("--to", "staging", "--release", "../../x"), 1, "SemVer"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_way_out(
    tmp_path: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    world = work_tree(tmp_path)
    world.released("payments", "1.0.0")
    done = world.idp("promote", "payments", *words)
    assert done.exit_code == code
    assert told in done.stderr


def test_all_promotes_what_is_ready_and_only_by_one_environment(tmp_path: Path) -> None:
    services = ["blocked", "broken", "done", "new", "ready"]
    world = work_tree(tmp_path, services)
    for service in services:
        if service != "new":
            world.released(service, "1.0.0")
    for service in ("done", "ready", "broken"):
        world.good("dev", service)
    assert world.idp("promote", "done", "--to", "staging").exit_code == 0
    world.write({"environments/staging/broken/release.env": "RELEASE_IMAGE=\n"})
    done = world.idp("promote", "--all", "--output", "json")
    found = {(one["service"], one["environment"]): one["state"] for one in done.json["data"]["promotions"]}
    assert done.exit_code == 1
    assert found == {
        ("blocked", "staging"): "blocked",
        ("broken", "staging"): "failed",
        ("broken", "prod"): "failed",
        ("done", "prod"): "blocked",
        ("ready", "staging"): "done",
    }
    assert world.version("staging", "ready") == "1.0.0"
    assert world.version("prod", "ready") is None
    assert "release.env:1" in done.stdout


def test_all_is_content_with_what_is_blocked(tmp_path: Path) -> None:
    world = work_tree(tmp_path, ["a", "b"])
    world.released("a", "1.0.0")
    done = world.idp("promote", "--all", "--to", "staging")
    assert done.exit_code == 0
    assert "1 blocked" in done.stdout
    assert "Nothing is to be promoted" in world.idp("promote", "--all", "--to", "dev").stdout


def test_all_opens_one_pull_request_a_service(tmp_path: Path) -> None:
    world = bare_origin(tmp_path, ["a", "b"])
    for service in ("a", "b"):
        world.released(service, "1.0.0")
        world.good("dev", service)
    done = world.idp("promote", "--all", "--pr")
    assert done.exit_code == 0, done.stderr
    heads = [one.head for one in LocalForge().list_open(str(world.truth))]
    assert heads == ["idp/promote/staging/a", "idp/promote/staging/b"]


def test_an_approval_by_somebody_else_opens_the_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = work_tree(tmp_path, chain=APPROVALS)
    world.released("payments", "1.0.0")
    world.good("dev", "payments")
    assert promote(world, "--merge")[0] == 11
    code, said = promote(world, "--pr")
    assert (code, "pending" in said, "waits for the gates" in said) == (0, True, True)
    own = world.idp("approve", "payments", "--to", "staging")
    assert own.exit_code == 1
    assert "somebody else" in own.stderr
    assert promote(world, "--merge")[0] == 11
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "other@example.org")
    assert world.idp("approve", "payments", "--to", "staging", "--dry-run").exit_code == 0
    monkeypatch.delenv("GIT_COMMITTER_EMAIL")
    assert promote(world, "--merge")[0] == 11
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "other@example.org")
    approved = world.idp("approve", "payments", "--to", "staging")
    assert approved.exit_code == 0
    assert "other@example.org" in approved.stdout
    monkeypatch.delenv("GIT_COMMITTER_EMAIL")
    assert promote(world, "--pr")[0] == 0  # says the same, so the approval stays
    code, said = promote(world, "--merge")
    assert (code, "Approved by other@example.org" in said) == (0, True)
    assert world.version("staging", "payments") == "1.0.0"


def test_an_approval_is_of_one_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = work_tree(tmp_path, chain=APPROVALS)
    world.released("payments", "1.0.0")
    world.good("dev", "payments")
    assert promote(world, "--pr")[0] == 0
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "other@example.org")
    assert world.idp("approve", "payments", "--to", "staging").exit_code == 0
    monkeypatch.delenv("GIT_COMMITTER_EMAIL")
    world.released("payments", "1.1.0")
    world.good("dev", "payments")
    assert promote(world, "--merge")[0] == 11
    assert promote(world, "--release", "1.0.0", "--merge")[0] == 0


def test_approving_what_is_not_open_says_how_to_open_it(tmp_path: Path) -> None:
    world = work_tree(tmp_path)
    done = world.idp("approve", "payments", "--to", "staging")
    assert done.exit_code == 1
    assert "idp promote payments --to staging --pr" in done.stderr


def test_a_forge_that_cannot_be_asked_is_an_error_of_the_gate_and_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = work_tree(tmp_path, chain=CHAIN.replace("checks: all, verified_in: dev", "checks: [unit, e2e]"))
    world.released("payments", "1.0.0")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    done = world.idp("promote", "payments", "--to", "staging", "--output", "json")
    assert done.exit_code == 11
    (checks,) = [gate for gate in done.json["data"]["gates"] if gate["name"] == "checks"]
    assert checks["state"] == "errored"
    assert "e2e" in checks["reason"]


def test_the_pull_request_lists_the_commits_between_two_releases(tmp_path: Path) -> None:
    service = tmp_path / "service"
    first = save(build_file_tree(service, {"a": "1"}), "feat: first")
    second = save(build_file_tree(service, {"a": "2"}), "fix: the `second` one")
    world = work_tree(tmp_path, chain=OPEN_CHAIN)
    entry = f"name: payments\nrepository: {service}\ntemplate: fastapi\n"
    world.write({"environments/catalog/payments.yaml": entry})
    for version, revision in (("1.0.0", first), ("1.1.0", second)):
        where = ("--version", version, "--image", image("payments", version), "--revision", revision)
        assert world.idp("release", "payments", *where).exit_code == 0
        assert promote(world, "--pr")[0] == 0
        (opened,) = LocalForge().list_open(str(world.truth))
        if version == "1.0.0":
            assert "first release here" in opened.body
            assert promote(world, "--merge")[0] == 0
    assert f"{second[:12]} fix: the `second` one (Test)" in opened.body
    assert "feat: first" not in opened.body


PITFALLS: dict[str, str | bytes] = {
    "quotes": 'RELEASE_IMAGE="x"\n',
    "carriage return": "RELEASE_IMAGE=x\r\n",
    "export": "export RELEASE_IMAGE=x\n",
    "a tag alone": f"RELEASE_VERSION=1.0.0\nRELEASE_REVISION={REVISION}\nRELEASE_IMAGE=registry/x:1.0.0\n",
    "bare key": "RELEASE_IMAGE\n",
    "twice": f"RELEASE_VERSION=1.0.0\nRELEASE_VERSION=1.0.0\nRELEASE_IMAGE={image('payments', '1.0.0')}\n",
    "inline comment": "RELEASE_VERSION=1.0.0 # new\n",
    "a dollar": "RELEASE_IMAGE=$IMAGE\n",
    "another key": "FOO=1\n",
    "missing": f"RELEASE_IMAGE={image('payments', '1.0.0')}\n",
    "no text": b"\xff\xfe\n",
    "empty": "",
}
LINES = {"a tag alone": 3, "twice": 2, "missing": 2}


@pytest.mark.parametrize("pitfall", list(PITFALLS))
def test_a_malformed_release_env_is_refused_by_every_command_with_its_line(
    tmp_path: Path, pitfall: str
) -> None:
    world = work_tree(tmp_path)
    world.promoted("payments", "1.0.0", "staging")
    world.promoted("payments", "1.1.0", "staging")
    world.released("payments", "1.2.0")
    path = {name: f"environments/{name}/payments/release.env" for name in ("dev", "staging")}
    content = PITFALLS[pitfall]
    world.write(dict.fromkeys(path.values(), content.encode() if isinstance(content, str) else content))
    commands: dict[str, list[tuple[str, ...]]] = {
        "staging": [
            ("promote", "payments", "--to", "staging", "--release", "1.2.0"),
            ("promote", "payments", "--to", "prod"),
            ("promote", "payments", "--to", "prod", "--pr"),
            ("promote", "payments", "--to", "staging", "--explain"),
            ("rollback", "payments", "--env", "staging"),
        ],
        "dev": [
            (
                "release",
                "payments",
                "--version",
                "1.3.0",
                "--image",
                image("payments", "1.3.0"),
                "--revision",
                REVISION,
            ),
        ],
    }
    before = world.refs()
    for name, lines in commands.items():
        for words in lines:
            done = world.idp(*words)
            assert done.exit_code == 1, words
            assert f"{path[name]}:{LINES.get(pitfall, 1)}: " in done.stderr, words
    assert world.refs() == before


def test_environments_of_their_own_take_the_overlay_from_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    platform, apart = work_tree(tmp_path / "a"), tmp_path / "apart"
    overlay = Path(__file__).parents[2] / "copier-templates/_overlay"
    platform.write(
        {
            f"copier-templates/_overlay/{path.relative_to(overlay)}": path.read_bytes()
            for path in overlay.rglob("*")
            if path.is_file()
        }
    )
    kept = ("environments/environments.yaml", "environments/catalog/payments.yaml")
    save(build_file_tree(apart, {path: text for path, text in tree(["payments"]).items() if path in kept}))
    monkeypatch.setenv("IDP_ENVIRONMENTS", str(apart))
    platform.idp(
        "release",
        "payments",
        "--version",
        "1.0.0",
        "--image",
        image("payments", "1.0.0"),
        "--revision",
        REVISION,
    )
    made = World(apart, apart)
    assert made.version("dev", "payments") == "1.0.0"
    assert made.file("environments/dev/payments/compose.yaml") is not None
