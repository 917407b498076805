"""`idp update --fleet`: the report, the exit code, and exactly one pull request a service, however often it is run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from idp.forges.local.forge import LocalForge
from tests.command_line import Ran, idp
from tests.fleet.fleet_cases import LINES, PROJECT, Fleet, branches, make_fleet, push
from tests.support import build_file_tree, git, run, save

FORGE = LocalForge()
BRANCH = "idp/update-v1.1.0"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return make_fleet(tmp_path)


def update(fleet: Fleet, *options: str) -> Ran:
    return idp("update", "--fleet", "--platform", fleet.platform, "--output", "json", *options)


def states(ran: Ran) -> dict[str, str]:
    return {entry["name"]: entry["state"] for entry in ran.json["data"]["services"]}


def service(ran: Ran, name: str) -> dict[str, object]:
    found: dict[str, object] = next(entry for entry in ran.json["data"]["services"] if entry["name"] == name)
    return found


def everything(fleet: Fleet) -> dict[str, str]:
    """Every reference of every service, pull requests included."""
    return {name: git("for-each-ref", cwd=bare) for name, bare in fleet.services.items()}


def twenty(fleet: Fleet) -> Fleet:
    """16 services to update, one with conflicts, one that the update breaks, one up to date, one gone."""
    for number in range(16):
        fleet.add(f"plain-{number}", files={"own.txt": f"{number}\n"})
    fleet.add("conflicting", files={"text.txt": LINES.replace("line 3\n", "mine\n")})
    fleet.add("breaking", files={"Makefile": "lint:\n\t@true\ntest:\n\t@! grep 'line three' text.txt\n"})
    fleet.release(
        "v1.1.0", {f"{PROJECT}/text.txt": LINES.replace("line 3\n", "line three\n")}, "feat: three in words"
    )
    fleet.add("up-to-date", "v1.1.0")
    fleet.entry("gone", repository=str(fleet.root / "gone.git"), template_version="v1.0.0")
    return fleet


def test_twenty_services_get_eighteen_pull_requests_once_however_often_it_is_run(fleet: Fleet) -> None:
    twenty(fleet)
    first = update(fleet, "--test", "--pr")
    assert first.exit_code == 13, first.stdout
    assert first.json["data"]["totals"] == {
        "current": 1, "no-op": 0, "clean": 17, "conflicts": 1, "failed": 1, "no template": 0, "tests-failed": 1
    }  # fmt: skip
    assert states(first)["gone"] == "failed"
    assert states(first)["up-to-date"] == "current"
    opened = {name: FORGE.list_open(str(bare)) for name, bare in fleet.services.items()}
    assert {name for name, found in opened.items() if len(found) == 1} == set(fleet.services) - {"up-to-date"}
    assert sum(map(len, opened.values())) == 18
    assert {name for name, found in opened.items() if found and found[0].draft} == {"conflicting", "breaking"}
    assert "conflict markers" in opened["conflicting"][0].body
    assert "line three" in opened["breaking"][0].body
    assert "feat: three in words" in opened["plain-0"][0].body
    assert "make lint test` passed" in opened["plain-0"][0].body
    before = everything(fleet)
    second = update(fleet, "--test", "--pr")
    assert second.exit_code == 13
    assert everything(fleet) == before
    deliveries = [entry["delivery"] for entry in second.json["data"]["services"] if entry["delivery"]]
    assert not any(delivery["pushed"] or delivery["opened"] for delivery in deliveries)
    git("rm", "-rqf", "--cached", ".", cwd=fleet.platform)
    run("rm", "-rf", fleet.root / "cache", cwd=fleet.root)
    assert update(fleet, "--test", "--pr").exit_code == 13
    assert everything(fleet) == before


def test_two_runs_at_once_leave_one_pull_request_a_service(fleet: Fleet) -> None:
    for number in range(6):
        fleet.add(f"plain-{number}")
    fleet.release("v1.1.0", {f"{PROJECT}/text.txt": LINES + "more\n"})
    command = [sys.executable, "-m", "idp", "update", "--fleet", "--pr", "--platform", str(fleet.platform)]
    both = [
        subprocess.Popen([*command, "--output", "json"], stdout=subprocess.PIPE, text=True, cwd=fleet.root)
        for _ in range(2)
    ]
    outputs = [child.communicate(timeout=120)[0] for child in both]
    assert [child.returncode for child in both] == [0, 0], outputs
    for bare in fleet.services.values():
        assert set(branches(bare)) == {"main", BRANCH}
        assert len(FORGE.list_open(str(bare))) == 1


def test_a_dry_run_says_the_same_and_writes_to_no_repository(fleet: Fleet) -> None:
    twenty(fleet)
    before = everything(fleet), git("status", "--porcelain", cwd=fleet.platform)
    objects = {name: git("count-objects", cwd=bare) for name, bare in fleet.services.items()}
    dry = update(fleet, "--pr", "--dry-run")
    assert dry.exit_code == 12
    assert (everything(fleet), git("status", "--porcelain", cwd=fleet.platform)) == before
    assert {name: git("count-objects", cwd=bare) for name, bare in fleet.services.items()} == objects
    assert service(dry, "plain-3")["counts"] == {"changed": 2}
    assert service(dry, "plain-3")["to_version"] == "v1.1.0"
    assert service(dry, "conflicting")["edited"] == 1
    assert update(fleet, "--test", "--dry-run").exit_code == 13
    assert {name: git("count-objects", cwd=bare) for name, bare in fleet.services.items()} == objects


def test_only_an_unreachable_service_is_exit_code_one(fleet: Fleet) -> None:
    fleet.add("fine")
    fleet.entry("gone", repository="https://127.0.0.1:9/acme/gone.git")
    done = update(fleet)
    assert done.exit_code == 1
    assert states(done) == {"fine": "current", "gone": "failed"}
    assert service(done, "gone")["failure"]["code"] == "service-unreachable"  # type: ignore[index]


def test_a_version_that_changes_another_template_opens_nothing(fleet: Fleet) -> None:
    fleet.add("svc")
    fleet.release("v1.1.0", {"copier-templates/other/project/x.txt": "x\n", "README.md": "platform\n"})
    before = everything(fleet)
    done = update(fleet, "--pr")
    assert (done.exit_code, states(done)) == (0, {"svc": "no-op"})
    fleet.release("v1.2.0", {f"{PROJECT}/README.md.jinja": "# {{ service_name }}{# a comment #}\n"})
    assert states(update(fleet, "--pr")) == {"svc": "no-op"}
    assert everything(fleet) == before


def test_a_persons_commit_on_the_update_branch_survives(fleet: Fleet) -> None:
    bare = fleet.add("svc")
    fleet.release("v1.1.0", {f"{PROJECT}/text.txt": LINES + "more\n"})
    assert update(fleet, "--pr").exit_code == 0
    mine = push(bare, BRANCH, {"fix.txt": "by hand\n"}, onto=BRANCH)
    push(bare, "main", {"new.txt": "main moves on\n"}, onto="main")
    done = update(fleet, "--pr")
    assert done.exit_code == 0
    assert branches(bare)[BRANCH] == mine
    assert "left alone" in service(done, "svc")["delivery"]["note"]  # type: ignore[index]
    assert len(FORGE.list_open(str(bare))) == 1


def test_a_branch_of_that_name_that_is_somebody_elses_altogether_survives(fleet: Fleet) -> None:
    bare = fleet.add("svc")
    fleet.release("v1.1.0", {f"{PROJECT}/text.txt": LINES + "more\n"})
    mine = push(bare, BRANCH, {"own.txt": "unrelated\n"}, onto="main")
    assert update(fleet, "--pr").exit_code == 0
    assert branches(bare)[BRANCH] == mine
    assert FORGE.list_open(str(bare)) == []


def test_when_the_service_moves_on_its_update_is_made_anew_in_the_same_pull_request(fleet: Fleet) -> None:
    bare = fleet.add("svc")
    fleet.release("v1.1.0", {f"{PROJECT}/text.txt": LINES + "more\n"})
    update(fleet, "--pr")
    first = branches(bare)[BRANCH]
    moved = push(bare, "main", {"new.txt": "new\n"}, onto="main")
    assert update(fleet, "--pr").exit_code == 0
    assert branches(bare)[BRANCH] != first
    assert git("rev-parse", f"{BRANCH}^", cwd=bare) == moved
    assert len(FORGE.list_open(str(bare))) == 1


def test_a_newer_version_supersedes_the_open_update(fleet: Fleet) -> None:
    bare, touched = fleet.add("svc"), fleet.add("touched")
    fleet.release("v1.1.0", {f"{PROJECT}/text.txt": LINES + "more\n"})
    update(fleet, "--pr")
    mine = push(touched, BRANCH, {"fix.txt": "by hand\n"}, onto=BRANCH)
    fleet.release("v1.2.0", {f"{PROJECT}/text.txt": LINES + "still more\n"})
    done = update(fleet, "--pr")
    assert service(done, "svc")["delivery"]["superseded"] == [BRANCH]  # type: ignore[index]
    for repository in (bare, touched):
        assert [found.head for found in FORGE.list_open(str(repository))] == ["idp/update-v1.2.0"]
    assert set(branches(bare)) == {"main", "idp/update-v1.2.0"}
    assert branches(touched)[BRANCH] == mine


def test_branch_pushes_and_opens_nothing(fleet: Fleet) -> None:
    bare = fleet.add("svc")
    fleet.release("v1.1.0", {f"{PROJECT}/text.txt": LINES + "more\n"})
    assert update(fleet, "--branch").exit_code == 0
    assert set(branches(bare)) == {"main", BRANCH}
    assert FORGE.list_open(str(bare)) == []
    copy = fleet.root / "copy"
    git("clone", "--quiet", "--branch", BRANCH, bare, copy, cwd=fleet.root)
    assert (copy / "text.txt").read_text().endswith("more\n")
    assert "_commit: v1.1.0" in (copy / ".copier-answers.yml").read_text()


def test_select_and_shard_choose_and_the_shards_together_are_the_fleet(fleet: Fleet) -> None:
    for name in ("pay-a", "pay-b", "shop-a", "shop-b"):
        fleet.add(name)
    fleet.entry("shop-b", repository=str(fleet.services["shop-b"]), owner="@other/team")
    assert set(states(update(fleet, "--select", "name=pay-*"))) == {"pay-a", "pay-b"}
    assert set(states(update(fleet, "--select", "name=pay-a", "--select", "owner!=@acme/*"))) == {
        "pay-a",
        "shop-b",
    }
    parts = [set(states(update(fleet, "--shard", f"{index}/3"))) for index in (1, 2, 3)]
    assert sum(map(len, parts)) == 4
    assert set.union(*parts) == set(fleet.services)


@pytest.mark.parametrize(
    "argv",
    [
        ("--fleet", "--select", "colour=red"),
        ("--fleet", "--shard", "4/3"),
        ("--fleet", "--markers"),
        ("--fleet", "--abort"),
        ("--select", "name=x"),
        ("--shard", "1/2"),
        ("--test",),
    ],
)
def test_options_that_do_not_go_together_are_usage_errors(fleet: Fleet, argv: tuple[str, ...]) -> None:
    done = idp("update", *argv, cwd=fleet.platform)
    assert done.exit_code == 2
    assert "error:" in done.stderr


def test_a_catalog_in_a_repository_without_a_work_tree_is_read_from_git(fleet: Fleet) -> None:
    fleet.add("svc")
    save(fleet.platform, "catalog")
    bare = fleet.root / "platform.git"
    git("clone", "--quiet", "--bare", fleet.platform, bare, cwd=fleet.root)
    for source in (str(bare), bare.as_uri()):
        done = idp("update", "--fleet", "--platform", source, "--output", "json")
        assert states(done) == {"svc": "current"}, done.stdout


def test_hostile_files_are_failures_of_their_own_service_alone(fleet: Fleet) -> None:
    fleet.add("svc")
    secret = fleet.root / "secret"
    secret.write_text("name: linked\n")
    catalog = fleet.platform / "environments/catalog"
    marker = fleet.root / "owned"
    build_file_tree(
        catalog,
        {
            "bad-yaml.yaml": "a: [",
            "no-mapping.yaml": "- a\n",
            "traversal.yaml": "name: ../../traversal\nrepository: /tmp\ntemplate: small\n",
            "transport.yaml": f"name: transport\nrepository: 'ext::touch {marker}'\ntemplate: small\n",
            "option.yaml": f"name: option\nrepository: '--upload-pack=touch {marker}'\ntemplate: small\n",
            "bytes.yaml": b"\xff\xfe\x00",
            "nested.yaml": "[" * 60000,
            "huge.yaml": "a" * 70000,
        },
    )
    (catalog / "linked.yaml").symlink_to(secret)
    run("mkfifo", catalog / "pipe.yaml", cwd=catalog)
    answers = fleet.add("answers", files={".copier-answers.yml": "{a: " * 20000})
    assert answers.exists()
    fleet.add(
        "vanished", files={".copier-answers.yml": f"_src_path: {fleet.root}/nowhere\n_commit: v1.0.0\n"}
    )
    helper = f"_src_path: 'ext::touch {marker} ://'\n_commit: v1.0.0\n"
    fleet.add("helper", files={".copier-answers.yml": helper})
    done = update(fleet)
    assert done.exit_code == 1
    found = states(done)
    assert found.pop("svc") == "current"
    assert set(found) == {
        "bad-yaml", "no-mapping", "traversal", "transport", "option", "bytes", "nested", "huge", "answers", "vanished",
        "helper",
    }  # fmt: skip
    assert set(found.values()) == {"failed"}
    assert not marker.exists()
    text = idp("update", "--fleet", "--platform", fleet.platform)
    assert "vanished" in text.stdout
    assert "\x1b" not in text.stdout


def test_the_checks_see_no_credentials_and_end_in_time(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "hunter2")
    monkeypatch.setattr("idp.services.own_tests.SECONDS", 2.0)
    fleet.add("prints", files={"Makefile": "lint:\n\t@echo CI=$$CI token=$$GITHUB_TOKEN\ntest:\n\t@false\n"})
    fleet.add("hangs", files={"Makefile": "lint:\n\t@echo begins; sleep 600\ntest:\n\t@true\n"})
    fleet.add("without", files={"Makefile": "other:\n\t@true\n"})
    fleet.release("v1.1.0", {f"{PROJECT}/text.txt": LINES + "more\n"})
    done = update(fleet, "--test", "--dry-run")
    assert done.exit_code == 13
    assert "hunter2" not in done.stdout
    outputs = {entry["name"]: entry["tests"]["output"] for entry in done.json["data"]["services"]}
    assert "CI=true" in outputs["prints"]
    assert "begins" in outputs["hangs"]
    assert "did not end within 2 s" in outputs["hangs"]
    assert "No rule to make target" in outputs["without"]


def test_text_for_people_says_what_is_to_be_done(fleet: Fleet) -> None:
    twenty(fleet)
    done = idp("update", "--fleet", "--dry-run", "--platform", fleet.platform)
    assert done.exit_code == 12
    assert "20 services: 1 current, 17 clean, 1 conflicts, 1 failed." in done.stdout
    assert "conflict text.txt" in done.stdout
    assert "next:" in done.stderr
    assert json.dumps("\x1b") not in done.stdout


def test_services_that_share_a_worker_are_each_rendered_as_if_alone(fleet: Fleet) -> None:
    names = [f"svc-{number}" for number in range(4)]
    for name in names:
        fleet.add(name)
    looped = "{% yield part from ['a', service_name] %}{{ part }}{% endyield %}.txt.jinja"
    plain = "copier-templates/small/project/of-{{ service_name }}.txt.jinja"
    fleet.release(
        "v1.1.0", {f"{PROJECT}/{looped}": "{{ part }} of {{ service_name }}\n", plain: "{{ service_name }}\n"}
    )
    assert update(fleet, "--branch", "--jobs", "1").exit_code == 0
    for name in names:
        bare = fleet.services[name]
        assert git("show", f"{BRANCH}:a.txt", cwd=bare) == f"a of {name}"
        assert git("show", f"{BRANCH}:{name}.txt", cwd=bare) == f"{name} of {name}"
        assert git("show", f"{BRANCH}:of-{name}.txt", cwd=bare) == name


def test_a_template_that_needs_trust_runs_nothing_of_its_own(fleet: Fleet) -> None:
    fleet.add("svc")
    marker = fleet.root / "owned"
    (fleet.root / "hostile_extension.py").write_text(f"open({str(marker)!r}, 'w')\n")
    copier_yml = (fleet.platform / "copier.yml").read_text()
    fleet.release("v1.1.0", {"copier.yml": copier_yml + "_jinja_extensions: [hostile_extension.Extension]\n"})
    done = run(
        sys.executable, "-m", "idp", "update", "--fleet", "--platform", fleet.platform, "--output", "json",
        cwd=fleet.root, env={"PYTHONPATH": str(fleet.root)},
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert json.loads(done.stdout)["data"]["services"][0]["failure"]["code"] == "template-unsafe"
    assert not marker.exists()
