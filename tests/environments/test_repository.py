"""The environments repository: whatever kind it is, whoever else writes, it is as before or as asked for."""

import shutil
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.core.errors import AdapterError, UserError
from idp.environments import repository
from idp.environments.lineage import first_parents
from idp.environments.repository import Change
from tests.releases.cases import KINDS, World, bare, bare_origin, located, work_tree
from tests.support import build_file_tree, git, save

Maker = Callable[[Path], World]
FILE = PurePosixPath("environments/dev/payments/release.env")


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    made: World = request.param(tmp_path)
    return made


def change(content: bytes | None, path: PurePosixPath = FILE, message: str = "change") -> Change:
    return Change({path: content}, message)


def is_in_step(world: World) -> bool:
    return not (world.truth / ".git").exists() or git("status", "--porcelain", cwd=world.truth) == ""


def test_commits_are_published_together_and_read_back(world: World) -> None:
    environments = located(world)
    before = repository.tip(environments)
    done = repository.commit(
        environments, lambda _: [change(b"one\n", message="first\n\nwhy"), change(b"two\n", message="second")]
    )
    assert world.tip() == done.tip == done.commits[-1]
    assert git("log", "--format=%s", f"{before}..main", cwd=world.truth).split() == ["second", "first"]
    assert repository.read(environments, done.tip, [str(FILE), "no/such/file"]) == {str(FILE): b"two\n"}
    assert repository.read(environments, done.commits[0], [FILE]) == {str(FILE): b"one\n"}
    assert str(FILE) in repository.listing(environments, done.tip, "environments/dev")
    assert is_in_step(world)


def test_a_commit_says_who_did_it_and_for_whom(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Zoë <z>\udcff")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "zoe@example.org")
    repository.commit(located(world), lambda _: [change(b"x\n")])
    shown = git("log", "-1", "--format=%ae %cn <%ce>", "main", cwd=world.truth)
    assert shown == "zoe@example.org Test <test@example.org>"


def test_nothing_decided_is_nothing_written(world: World) -> None:
    before = world.refs()
    done = repository.commit(located(world), lambda _: [])
    assert (world.refs(), done.commits) == (before, ())


def test_what_somebody_else_commits_meanwhile_is_decided_on_again_and_kept(world: World) -> None:
    seen: list[str] = []

    def decide(tip: str) -> list[Change]:
        seen.append(tip)
        if len(seen) == 1:
            world.write({"environments/theirs.txt": "theirs"})
        return [change(b"mine\n")]

    repository.commit(located(world), decide)
    assert len(set(seen)) == 2
    assert (world.file("environments/theirs.txt"), world.file(str(FILE))) == (b"theirs", b"mine\n")
    assert git("rev-list", "--count", "main", cwd=world.truth) == "3"
    assert is_in_step(world)


def test_a_file_is_deleted_with_the_folder_that_it_leaves_empty(world: World) -> None:
    environments = located(world)
    path = PurePosixPath("environments/dev/new/only.env")
    repository.commit(environments, lambda _: [change(b"x", path)])
    repository.commit(environments, lambda _: [change(None, path)])
    assert world.file(str(path)) is None
    assert is_in_step(world)
    assert not (world.truth / path.parent).exists()


def test_tags_go_with_the_commit_or_not_at_all(world: World) -> None:
    environments = located(world)
    repository.commit(
        environments, lambda _: [Change({FILE: b"x"}, "m", tags={"hold/a/b/1.0.0/1": "why\n\nbecause"})]
    )
    (found,) = repository.tags(environments, "hold")
    assert (found.commit, found.message, found.by) == (
        world.tip(),
        "why\n\nbecause",
        "Test <test@example.org>",
    )
    before = world.refs()
    calls = []

    def decide(tip: str) -> list[Change]:
        calls.append(tip)
        return [Change({FILE: b"y"}, "m", tags={"hold/a/b/1.0.0/1": "again"})] if len(calls) < 3 else []

    repository.commit(environments, decide)
    assert world.refs() == before
    assert is_in_step(world)


def test_a_tag_is_written_once(world: World) -> None:
    environments = located(world)
    tip = repository.tip(environments)
    assert repository.add_tag(environments, "good/dev/a/1.0.0", tip, "first")
    assert not repository.add_tag(located(world), "good/dev/a/1.0.0", tip, "second")
    assert [tag.message for tag in repository.tags(located(world), "good/dev/a")] == ["first"]


def test_only_tags_of_commits_below_the_prefix_count(world: World) -> None:
    tip = world.tip()
    git("tag", "good/dev/a/light", tip, cwd=world.truth)
    git("tag", "-m", "of a tree", "good/dev/a/tree", f"{tip}^{{tree}}", cwd=world.truth)
    git("tag", "-m", "other", "good/dev/ab/1.0.0", tip, cwd=world.truth)
    git("tag", "-m", "x\x01y\n\nz", "good/dev/a/1.0.0", tip, cwd=world.truth)
    git("tag", "-m", "of a tag", "good/dev/a/tag", "good/dev/a/1.0.0", cwd=world.truth)
    found = repository.tags(located(world), "good/dev/a")
    light = ("good/dev/a/light", "")
    assert [(tag.name, tag.message) for tag in found] == [("good/dev/a/1.0.0", "x\x01y\n\nz"), light]


@pytest.mark.parametrize("depth", ["--depth=1", "--shallow-exclude=v1.0.0"])
def test_a_shallow_clone_is_an_error_wherever_history_counts(tmp_path: Path, depth: str) -> None:
    world = work_tree(tmp_path)
    world.write({"a": "b"})
    git("clone", "--quiet", depth, "--bare", world.platform.as_uri(), tmp_path / "shallow.git", cwd=tmp_path)
    environments = located(World(tmp_path / "shallow.git", tmp_path / "shallow.git"))
    for ask in (lambda: repository.tags(environments, "good"), lambda: first_parents(environments, "main")):
        with pytest.raises(UserError, match="shallow") as caught:
            ask()
        assert "fetch-depth: 0" in caught.value.hint


def test_a_shallow_checkout_is_an_error_even_where_its_origin_has_everything(tmp_path: Path) -> None:
    world = bare_origin(tmp_path)
    git("clone", "--quiet", "--depth=1", world.truth.as_uri(), tmp_path / "shallow", cwd=tmp_path)
    environments = located(World(tmp_path / "shallow", world.truth))
    with pytest.raises(UserError, match="shallow"):
        repository.tags(environments, "good")
    assert repository.read(environments, repository.tip(environments), ["environments/environments.yaml"])


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"environments/dev/payments/config.env": "MINE=1\n"}, "not committed"),
        ({"environments/dev/payments/new.env": "MINE=1\n"}, "does not know"),
    ],
)
def test_a_file_with_work_in_it_is_an_error_before_anything_is_written(
    tmp_path: Path, files: dict[str, str], what: str
) -> None:
    world = work_tree(tmp_path)
    build_file_tree(world.platform, files)
    before, (path,) = world.refs(), files
    with pytest.raises(UserError, match=what) as caught:
        repository.commit(located(world), lambda _: [change(b"idp's\n", PurePosixPath(path))])
    assert caught.value.code == "work-tree-dirty"
    assert (world.platform / path).read_text() == files[path]
    assert world.refs() == before
    assert not (world.platform / ".git/idp-environments.json").exists()


def test_a_folder_that_is_a_symbolic_link_is_not_written_through(tmp_path: Path) -> None:
    world = work_tree(tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.rmtree(world.platform / "environments/dev/payments")
    (world.platform / "environments/dev/payments").symlink_to(outside)
    save(world.platform, "a link")
    path = PurePosixPath("environments/dev/payments/release.env")
    with pytest.raises((UserError, AdapterError)):
        repository.commit(located(world), lambda _: [change(b"x", path)])
    assert list(outside.iterdir()) == []


def test_other_work_in_the_work_tree_and_the_index_stays(tmp_path: Path) -> None:
    world = work_tree(tmp_path)
    build_file_tree(world.platform, {"staged.txt": "s", "copier.yml": "edited: true\n", "untracked.txt": "u"})
    git("add", "staged.txt", cwd=world.platform)
    before = git("status", "--porcelain", cwd=world.platform)
    repository.commit(located(world), lambda _: [change(b"x\n")])
    assert git("status", "--porcelain", cwd=world.platform) == before
    assert (world.platform / FILE).read_bytes() == b"x\n"


def test_a_linked_work_tree_is_kept_in_step(tmp_path: Path) -> None:
    world = bare(tmp_path)
    linked = tmp_path / "linked"
    git("worktree", "add", "--quiet", linked, "main", cwd=world.truth)
    repository.commit(located(world), lambda _: [change(b"x\n")])
    assert git("status", "--porcelain", cwd=linked) == ""
    assert (linked / FILE).read_bytes() == b"x\n"


def test_a_repository_without_a_branch_checked_out_says_what_to_do(tmp_path: Path) -> None:
    world = work_tree(tmp_path)
    git("switch", "--quiet", "--detach", cwd=world.platform)
    with pytest.raises(UserError) as caught:
        located(world)
    assert caught.value.code == "head-detached"
    assert "git switch" in caught.value.hint


def test_a_clone_of_a_clone_is_the_truth_where_it_is_bare(tmp_path: Path) -> None:
    world = bare(tmp_path)
    assert git("remote", cwd=world.truth) == "origin"
    assert located(world).remote is None


def test_an_origin_may_be_a_relative_path(tmp_path: Path) -> None:
    world = bare_origin(tmp_path)
    git("remote", "set-url", "origin", "../bare.git", cwd=world.platform)
    repository.commit(located(world), lambda _: [change(b"x\n")])
    assert world.file(str(FILE)) == b"x\n"


def test_a_push_that_the_remote_refuses_is_an_error_with_its_words(tmp_path: Path) -> None:
    world = bare_origin(tmp_path)
    hook = world.truth / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(AdapterError, match="main is protected") as caught:
        repository.commit(located(world), lambda _: [change(b"x\n")])
    assert (caught.value.code, "--pr" in caught.value.hint) == ("push-refused", True)


def test_the_default_branch_may_be_renamed(tmp_path: Path) -> None:
    world = bare_origin(tmp_path)
    located(world)
    git("branch", "-m", "main", "trunk", cwd=world.truth)
    environments = located(world)
    assert environments.branch == "trunk"
    repository.commit(environments, lambda _: [change(b"x\n")])
    assert git("show", f"trunk:{FILE}", cwd=world.truth) == "x"


def test_an_empty_repository_is_an_error_that_says_so(tmp_path: Path) -> None:
    git("init", "--quiet", "--bare", "--initial-branch=main", tmp_path / "empty.git", cwd=tmp_path)
    git("clone", "--quiet", tmp_path / "empty.git", tmp_path / "clone", cwd=tmp_path)
    for path in ("empty.git", "clone"):
        with pytest.raises((UserError, AdapterError)) as caught:
            repository.tip(located(World(tmp_path / path, tmp_path / "empty.git")))
        assert caught.value.code == "repository-empty"


def test_a_checkouts_own_credentials_reach_the_mirror_and_no_message(tmp_path: Path) -> None:
    world = bare_origin(tmp_path)
    git(
        "config", "http.https://example.org/.extraheader", "AUTHORIZATION: basic c2VjcmV0", cwd=world.platform
    )
    git("config", "url.x.insteadOf", "y", cwd=world.platform)
    environments = located(world)
    assert "AUTHORIZATION: basic c2VjcmV0" in environments.connection.values()
    assert environments.connection["GIT_CONFIG_COUNT"] == "2"
    assert "c2VjcmV0" not in repr(environments)


def test_an_export_is_byte_for_byte_and_holds_no_link(world: World, tmp_path: Path) -> None:
    world.write({"environments/dev/payments/release.env": b"\xff\n", ".gitattributes": "* text eol=crlf\n"})
    clone = world.truth if (world.truth / ".git").exists() else world.truth.with_name("by-hand")
    (clone / "environments/link").symlink_to("/etc/passwd")
    save(clone, "a link")
    if clone != world.truth:
        git("push", "--quiet", "origin", "main", cwd=clone)
    environments = located(world)
    folder = tmp_path / "export"
    folder.mkdir()
    repository.export(environments, repository.tip(environments), folder)
    assert (folder / FILE).read_bytes() == b"\xff\n"
    assert (folder / "environments/link").read_bytes() == b"/etc/passwd"
    assert not (folder / "environments/link").is_symlink()
    assert [path.name for path in folder.iterdir()] == ["environments"]


PATHS = st.sampled_from([PurePosixPath(f"environments/{name}") for name in ("a", "b/c", "b/d", "e/f/g")])
STEPS = st.lists(
    st.dictionaries(PATHS, st.none() | st.binary(max_size=30), min_size=1), min_size=1, max_size=5
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_sequence_of_changes_leaves_the_branch_and_the_work_tree_as_a_model_has_them(
    tmp_path_factory: pytest.TempPathFactory, steps: list[dict[PurePosixPath, bytes | None]]
) -> None:
    world = work_tree(tmp_path_factory.mktemp("model"), [])
    environments = located(world)
    model: dict[PurePosixPath, bytes] = {}
    for step in steps:
        present = {path: content for path, content in step.items() if content is not None or path in model}
        changes = [Change(present, "step")] if present else []
        repository.commit(environments, partial(_answer, changes))
        model = {path: content for path, content in {**model, **present}.items() if content is not None}
        names = [str(path) for path in model]
        found = repository.read(environments, repository.tip(environments), names)
        assert found == {str(path): content for path, content in model.items()}
        assert git("status", "--porcelain", cwd=world.platform) == ""


def _answer(changes: list[Change], _tip: str) -> list[Change]:
    return changes
