"""`idp create service`: the tree, the history, the catalog, and every way to refuse."""

import filecmp
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.core.names import NAME_MAX_LENGTH
from tests.command_line import idp
from tests.support import build_file_tree, git, platform_repository, run, save

QUICK_TEMPLATE = {
    "copier.yml": (
        '_subdirectory: "copier-templates/{{ template }}/project"\n'
        "template: {type: str, choices: {Small (nothing): small}, default: small}\n"
        'service_name: {type: str, default: "{{ _copier_conf.dst_path.name }}"}\n'
        "owner: {type: str, default: '@acme/team'}\n"
    ),
    "copier-templates/small/project/README.md.jinja": "# {{ service_name }} of {{ owner }}\n",
    "copier-templates/small/project/{{ _copier_conf.answers_file }}.jinja": (
        "{{ _copier_answers|to_nice_yaml }}"
    ),
    "environments/README.md": "Environments\n",
}


@pytest.fixture
def small_platform(tmp_path: Path) -> Path:
    """A platform whose one template renders in an instant."""
    repository = build_file_tree(tmp_path / "platform", QUICK_TEMPLATE)
    save(repository, tag="v1.0.0")
    return repository


def tree(folder: Path) -> dict[str, bytes | str]:
    """Every file but Git's: path → content (a link's target)."""
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if (path.is_symlink() or path.is_file()) and ".git" not in path.relative_to(folder).parts[:1]
    }


def test_copier_copy_gives_the_same_tree_as_idp_create_with_the_same_answers(
    platform: Path, tmp_path: Path
) -> None:
    answers = ["-d", "owner=@acme/payments", "-d", 'description=Say "hi": 100 % of \\ it']
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    created = idp("create", "service", "user-profile", *answers, "--platform", platform, "--output-dir", ours)
    assert created.exit_code == 0, created.stderr
    copied = run(
        Path(sys.executable).with_name("copier"),
        "copy",
        "--defaults",
        *answers,
        platform,
        "user-profile",
        cwd=theirs,
    )
    assert copied.returncode == 0, copied.stderr
    assert tree(ours / "user-profile") == tree(theirs / "user-profile")
    comparison = filecmp.dircmp(ours / "user-profile", theirs / "user-profile", ignore=[".git"])
    assert not comparison.left_only
    assert not comparison.right_only


def test_a_service_is_a_clean_repository_with_one_commit(platform: Path, tmp_path: Path) -> None:
    result = idp(
        "create", "service", "billing", "--platform", platform, "--output-dir", tmp_path, "--output", "json"
    )
    assert result.exit_code == 0, result.stderr
    service = tmp_path / "billing"
    assert git("status", "--porcelain", cwd=service) == ""
    assert git("rev-list", "--count", "HEAD", cwd=service) == "1"
    assert sorted(git("ls-files", cwd=service).splitlines()) == result.json["data"]["files"]
    answers = yaml.safe_load((service / ".copier-answers.yml").read_text())
    assert answers["_commit"] == "v0.1.0"
    assert answers["_src_path"] == str(platform)
    assert answers["service_name"] == "billing"


def test_a_service_is_registered_by_one_commit_when_created_in_a_platform_checkout(
    small_platform: Path, tmp_path: Path
) -> None:
    (small_platform / "environments/README.md").write_text("edited by somebody\n")
    before = git("rev-parse", "HEAD", cwd=small_platform)
    result = idp(
        "create", "service", "billing", "--template", "small", "--output-dir", tmp_path, cwd=small_platform
    )
    assert result.exit_code == 0, result.stderr
    assert git("rev-list", "--count", f"{before}..HEAD", cwd=small_platform) == "1"
    assert (
        git("diff", "--name-status", f"{before}..HEAD", cwd=small_platform)
        == "A\tenvironments/catalog/billing.yaml"
    )
    assert git("status", "--porcelain", cwd=small_platform) == "M environments/README.md"
    entry = yaml.safe_load((small_platform / "environments/catalog/billing.yaml").read_text())
    assert entry == {
        "schema_version": 1,
        "name": "billing",
        "repository": str(tmp_path / "billing"),
        "template": "small",
        "template_version": "v1.0.0",
        "owner": "@acme/team",
    }


def test_a_name_in_the_catalog_is_not_given_twice(small_platform: Path, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    arguments = ("create", "service", "billing", "--template", "small", "--output-dir")
    assert idp(*arguments, tmp_path / "one", cwd=small_platform).exit_code == 0
    second = idp(*arguments, tmp_path / "two", "--output", "json", cwd=small_platform)
    assert second.exit_code == 1
    assert second.json["errors"][0]["code"] == "name-taken"
    assert list((tmp_path / "two").iterdir()) == []


def test_a_dry_run_prints_the_tree_and_writes_nothing(small_platform: Path, tmp_path: Path) -> None:
    before = (git("rev-parse", "HEAD", cwd=small_platform), sorted(tmp_path.rglob("*")))
    result = idp(
        "create",
        "service",
        "billing",
        "--template",
        "small",
        "--output-dir",
        tmp_path,
        "--dry-run",
        cwd=small_platform,
    )
    assert result.exit_code == 0, result.stderr
    assert "README.md" in result.stdout
    assert ".copier-answers.yml" in result.stdout
    assert (git("rev-parse", "HEAD", cwd=small_platform), sorted(tmp_path.rglob("*"))) == before


def test_any_copier_path_is_a_template(tmp_path: Path) -> None:
    template = build_file_tree(
        tmp_path / "elsewhere",
        {"copier.yml": "colour: {type: str, default: red}\n", "paint.txt.jinja": "{{ colour }}\n"},
    )
    save(template, tag="v3.1.0")
    result = idp(
        "create",
        "service",
        "painted",
        "--template",
        template,
        "-d",
        "colour=blue",
        "--output-dir",
        tmp_path,
        "--output",
        "json",
    )
    assert result.exit_code == 0, result.stdout
    assert (tmp_path / "painted/paint.txt").read_text() == "blue\n"
    assert result.json["data"]["template_version"] == "v3.1.0"


@pytest.mark.parametrize("option", ["--template", "--platform"])
@pytest.mark.parametrize("address", ["https://me:s3cret@example.org/x.git", "https://s3cret@example.org/x"])
def test_an_address_with_a_token_is_refused_and_never_shown(
    tmp_path: Path, option: str, address: str
) -> None:
    result = idp("create", "service", "svc", option, address, "--output-dir", tmp_path)
    assert result.exit_code == 2
    assert "s3cret" not in result.stdout + result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_has_no_default_is_an_error_without_a_terminal(tmp_path: Path) -> None:
    template = build_file_tree(
        tmp_path / "elsewhere", {"copier.yml": "colour: {type: str}\n", "paint.txt.jinja": "{{ colour }}\n"}
    )
    save(template)
    result = idp(
        "create", "service", "painted", "--template", template, "--output-dir", tmp_path, "--output", "json"
    )
    assert result.exit_code == 1
    assert result.json["errors"][0]["code"] == "answer-missing"
    assert "--data colour=VALUE" in result.json["errors"][0]["hint"]
    assert not (tmp_path / "painted").exists()


def test_a_template_version_can_be_chosen_and_an_unknown_one_names_the_newest(
    small_platform: Path, tmp_path: Path
) -> None:
    (small_platform / "copier-templates/small/project/NEW").touch()
    save(small_platform, tag="v1.1.0")
    git("tag", "v2.0.0-rc1", cwd=small_platform)
    git("tag", "v9", cwd=small_platform)
    arguments = (
        "--template",
        "small",
        "--platform",
        small_platform,
        "--output-dir",
        tmp_path,
        "--output",
        "json",
    )
    newest = idp("create", "service", "newest", *arguments)
    old = idp("create", "service", "old", *arguments, "--template-version", "v1.0.0")
    unknown = idp("create", "service", "unknown", *arguments, "--template-version", "v9.9.9")
    assert newest.json["data"]["template_version"] == "v1.1.0"
    assert "NEW" in newest.json["data"]["files"]
    assert old.json["data"]["template_version"] == "v1.0.0"
    assert "NEW" not in old.json["data"]["files"]
    assert unknown.exit_code == 1
    assert "v2.0.0-rc1, v1.1.0, v1.0.0" in unknown.json["errors"][0]["hint"]


@pytest.mark.parametrize("occupant", ["file", "folder", "dangling link"])
def test_whatever_is_at_the_destination_stays_as_it_is(
    small_platform: Path, tmp_path: Path, occupant: str
) -> None:
    destination = tmp_path / "billing"
    if occupant == "file":
        destination.write_text("mine")
    elif occupant == "folder":
        destination.mkdir()
    else:
        destination.symlink_to(tmp_path / "nowhere")
    result = idp(
        "create",
        "service",
        "billing",
        "--template",
        "small",
        "--output-dir",
        tmp_path,
        "--output",
        "json",
        cwd=small_platform,
    )
    assert result.exit_code == 1
    assert result.json["errors"][0]["code"] == "destination-exists"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["billing", "platform"]


def test_a_template_that_runs_code_is_refused(tmp_path: Path) -> None:
    template = build_file_tree(
        tmp_path / "elsewhere", {"copier.yml": "_tasks: ['touch ran']\n", "a.txt": "a"}
    )
    save(template, tag="v1.0.0")
    result = idp(
        "create", "service", "ran", "--template", template, "--output-dir", tmp_path, "--output", "json"
    )
    assert result.exit_code == 1
    assert result.json["errors"][0]["code"] == "template-unsafe"
    assert not (tmp_path / "ran").exists()


def test_a_user_without_a_git_identity_gets_a_service_and_is_told(
    small_platform: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty-gitconfig"
    empty.write_text("[user]\n\tuseConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(empty))
    result = idp(
        "create", "service", "billing", "--template", "small", "--output-dir", tmp_path, cwd=small_platform
    )
    assert result.exit_code == 0, result.stderr
    assert "idp@localhost" in result.stdout
    assert git("log", "-1", "--format=%ae", cwd=tmp_path / "billing") == "idp@localhost"


names = st.one_of(
    st.text(max_size=320),
    st.sampled_from(
        ["../x", "/etc/x", ".", "..", "-rf", "--help", "a/b", "a\nb", "{{ 7*7 }}", "class", "con", "nul", ""]
    ),
    st.from_regex(r"[a-z][a-z0-9-]{0,45}", fullmatch=True),
)


@given(name=names)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_as_a_name_gives_a_service_or_one_clear_error_and_nothing_else(
    name: str, small_platform: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("names")
    result = idp(
        "create",
        "service",
        "--template",
        "small",
        "--output-dir",
        folder,
        "--platform",
        small_platform,
        "--output",
        "json",
        "--",
        name,
    )
    if result.exit_code == 0:
        assert [path.name for path in folder.iterdir()] == [name]
        assert len(name) <= NAME_MAX_LENGTH
        assert (folder / name / "README.md").read_text().startswith(f"# {name} of")
    else:
        assert result.exit_code in {1, 2}
        assert len(result.json["errors"]) == 1
        assert result.json["errors"][0]["hint"]
        assert list(folder.iterdir()) == []


@given(answers=st.dictionaries(st.text(max_size=40), st.text(max_size=320), max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_as_an_answer_gives_a_service_or_one_clear_error_and_nothing_else(
    answers: dict[str, str], small_platform: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("answers")
    options = [word for key, value in answers.items() for word in ("--data", f"{key}={value}")]
    result = idp(
        "create",
        "service",
        "billing",
        "--template",
        "small",
        "--platform",
        small_platform,
        "--output-dir",
        folder,
        "--output",
        "json",
        *options,
    )
    assert result.exit_code in {0, 1, 2}
    assert [path.name for path in folder.iterdir()] == (["billing"] if result.exit_code == 0 else [])


@given(owner=st.text(max_size=120))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_answer_is_carried_as_it_is_and_never_executed(
    owner: str, small_platform: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("owners")
    result = idp(
        "create",
        "service",
        "billing",
        "--template",
        "small",
        "--platform",
        small_platform,
        "--output-dir",
        folder,
        "--data",
        f"owner={owner}",
    )
    if result.exit_code == 0:
        answers = yaml.safe_load((folder / "billing/.copier-answers.yml").read_text())
        assert answers["owner"] == owner


def test_concurrent_creations_in_one_platform_are_all_registered(
    small_platform: Path, tmp_path: Path
) -> None:
    def create(number: int) -> int:
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "idp",
                "create",
                "service",
                f"service-{number}",
                "--template",
                "small",
                "--output-dir",
                str(tmp_path),
            ],
            cwd=small_platform,
            capture_output=True,
            check=False,
        ).returncode

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(create, range(12))) == [0] * 12
    catalog = git("ls-tree", "--name-only", "HEAD", "environments/catalog/", cwd=small_platform).splitlines()
    assert len(catalog) == 12
    assert git("rev-list", "--count", "HEAD", cwd=small_platform) == "13"
    assert git("status", "--porcelain", cwd=small_platform) == ""


def test_of_concurrent_creations_of_one_name_exactly_one_wins(small_platform: Path, tmp_path: Path) -> None:
    def create(_: int) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "idp",
                "create",
                "service",
                "billing",
                "--template",
                "small",
                "--output-dir",
                str(tmp_path),
            ],
            cwd=small_platform,
            capture_output=True,
            check=False,
        )

    with ThreadPoolExecutor(5) as pool:
        codes = sorted(done.returncode for done in pool.map(create, range(5)))
    assert codes == [0, 1, 1, 1, 1]
    assert git("rev-list", "--count", "HEAD", cwd=small_platform) == "2"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["billing", "platform"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_at_any_moment_the_destination_is_absent_or_complete(
    tmp_path: Path, number: signal.Signals
) -> None:
    platform = build_file_tree(tmp_path / "platform", QUICK_TEMPLATE)
    save(platform, tag="v1.0.0")
    command = [
        sys.executable,
        "-m",
        "idp",
        "create",
        "service",
        "billing",
        "--template",
        "small",
        "--output-dir",
    ]

    def create(folder: Path, kill_after: float | None) -> None:
        folder.mkdir()
        child = subprocess.Popen(
            [*command, str(folder)], cwd=platform, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if kill_after is None:
            assert child.wait(60) == 0
            return
        time.sleep(kill_after)
        child.send_signal(number)
        child.wait(60)

    start = time.monotonic()
    create(tmp_path / "whole", None)
    duration = time.monotonic() - start
    git("rm", "-q", "environments/catalog/billing.yaml", cwd=platform)
    save(platform, "forget it")
    expected = tree(tmp_path / "whole/billing")
    moments = 12
    for moment in range(moments):
        folder = tmp_path / f"killed-{moment}"
        # Copier's import takes the first half; what can be torn comes after it.
        create(folder, duration * (0.4 + 0.65 * moment / moments))
        service = folder / "billing"
        if service.exists():
            assert tree(service) == expected
            assert git("status", "--porcelain", cwd=service) == ""
            assert git("rev-list", "--count", "HEAD", cwd=service) == "1"
        assert git("fsck", "--no-dangling", cwd=platform) == ""
        assert git("status", "--porcelain", cwd=platform) in {
            "",
            "A  environments/catalog/billing.yaml",
            "?? environments/catalog/",
            "?? environments/catalog/billing.yaml",
        }
        if number is not signal.SIGKILL:
            assert [path for path in folder.iterdir() if path.name != "billing"] == []
        git("reset", "-q", "--hard", cwd=platform)
        git("clean", "-qfd", cwd=platform)
        if (platform / "environments/catalog/billing.yaml").exists():
            git("rm", "-q", "environments/catalog/billing.yaml", cwd=platform)
            save(platform, "forget it")


def test_the_bundled_platform_serves_where_nothing_else_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = idp("templates", "--output", "json")
    assert result.exit_code == 0, result.stdout
    assert result.json["data"]["found_by"] == "the copy that idp carries"
    assert [item["name"] for item in result.json["data"]["templates"]] == ["fastapi", "spring-boot"]


def test_a_fresh_clone_without_tags_records_the_exact_commit(tmp_path: Path) -> None:
    platform = platform_repository(tmp_path / "platform")
    git("tag", "-d", "v0.1.0", cwd=platform)
    result = idp(
        "create", "service", "billing", "--platform", platform, "--output-dir", tmp_path, "--output", "json"
    )
    assert result.exit_code == 0, result.stdout
    recorded = result.json["data"]["template_version"]
    assert git("rev-parse", recorded, cwd=platform) == git("rev-parse", "HEAD^", cwd=platform)
    checked = idp("check", tmp_path / "billing", "--output", "json")
    assert checked.exit_code == 0, checked.json["errors"]
