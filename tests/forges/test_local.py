"""The forge that is a Git repository: real Git, hostile text, races, and kills at every step."""

import multiprocessing
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.core.errors import AdapterError, IdpError, UpdateConflict, UserError
from idp.forges import forge_for
from idp.forges.local import records
from idp.forges.local.forge import LocalForge
from idp.forges.local.pull import reference
from idp.forges.pull_request import CheckState, PullRequest, is_branch
from tests.support import build_file_tree, git, save

SPAWN = multiprocessing.get_context("spawn")
_numbers = count()
FORGE = LocalForge()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A bare repository: `main` with one file, `update` one commit ahead of it."""
    work = build_file_tree(tmp_path / "work", {"a.txt": "1\n"})
    save(work)
    bare = tmp_path / "service.git"
    git("clone", "--quiet", "--bare", work, bare, cwd=tmp_path)
    push(bare, "update", {"a.txt": "2\n"})
    return bare


def push(bare: Path, branch: str, files: dict[str, str], onto: str = "main") -> str:
    """Put one commit with these files on a branch, made from `onto`; the commit's name."""
    work = bare.parent / f"work-{next(_numbers)}"
    git("clone", "--quiet", "--branch", onto, bare, work, cwd=bare.parent)
    build_file_tree(work, files)
    sha = save(work, f"change {branch}")
    git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}", cwd=work)
    return sha


def asked(bare: Path, **other: Any) -> PullRequest:
    return replace(PullRequest(str(bare), "update", "main", "Update the template"), **other)


def refs(bare: Path, prefix: str = "refs/idp/pull/") -> list[str]:
    return git("for-each-ref", "--format=%(refname)", prefix, cwd=bare).split()


def tip(bare: Path, branch: str) -> str:
    return git("rev-parse", f"refs/heads/{branch}", cwd=bare)


def test_opening_once_creates_it_and_opening_again_does_nothing(repository: Path) -> None:
    first = FORGE.open_or_refresh(asked(repository, labels=("template",)))
    assert (first.created, first.changed, first.number) == (True, False, None)
    assert first.head_sha == tip(repository, "update")
    before = git("for-each-ref", cwd=repository)
    again = FORGE.open_or_refresh(asked(repository, labels=("template",)))
    assert again == replace(first, created=False)
    assert git("for-each-ref", cwd=repository) == before


@pytest.mark.parametrize(
    "difference",
    [{"title": "Other"}, {"body": "More"}, {"draft": True}, {"labels": ("x",)}, {"base": "next"}],
)
def test_what_differs_is_refreshed_in_the_one_that_is_open(
    repository: Path, difference: dict[str, Any]
) -> None:
    git("branch", "next", "main", cwd=repository)
    FORGE.open_or_refresh(asked(repository))
    changed = FORGE.open_or_refresh(asked(repository, **difference))
    assert (changed.created, changed.changed) == (False, True)
    found = FORGE.find_open(str(repository), "update")
    assert found == replace(changed, changed=False)
    assert {name: getattr(found, name) for name in difference} == difference
    assert len(refs(repository)) == 1


def test_labels_that_somebody_added_stay(repository: Path) -> None:
    FORGE.open_or_refresh(asked(repository, labels=("by-hand",)))
    assert FORGE.open_or_refresh(asked(repository, labels=("ours",))).labels == ("by-hand", "ours")


def test_a_draft_becomes_ready_and_a_draft_again(repository: Path) -> None:
    for draft in (True, False, True):
        assert FORGE.open_or_refresh(asked(repository, draft=draft)).draft is draft


def test_a_push_moves_the_pull_request_on(repository: Path) -> None:
    FORGE.open_or_refresh(asked(repository))
    sha = push(repository, "update", {"a.txt": "3\n"})
    found = FORGE.find_open(str(repository), "update")
    assert found is not None
    assert found.head_sha == sha


def test_paths_and_file_urls_name_the_same_repository(repository: Path) -> None:
    FORGE.open_or_refresh(asked(repository))
    for address in (str(repository), repository.as_uri(), f"file://localhost{repository}"):
        forge = forge_for(address)
        assert isinstance(forge, LocalForge)
        assert forge.find_open(address, "update") is not None


def test_listing_takes_a_prefix_and_sorts_by_branch(repository: Path) -> None:
    for number, branch in enumerate(("idp/b", "idp/a", "other")):
        push(repository, branch, {f"{number}.txt": "x"})
        FORGE.open_or_refresh(asked(repository, head=branch))
    assert [each.head for each in FORGE.list_open(str(repository), "idp/")] == ["idp/a", "idp/b"]
    assert len(FORGE.list_open(str(repository))) == 3


def test_closing_says_why_and_makes_room_for_a_new_one(repository: Path) -> None:
    FORGE.open_or_refresh(asked(repository))
    assert FORGE.close(str(repository), "update", "superseded") is True
    assert "superseded" in git("cat-file", "-p", reference("update"), cwd=repository)
    assert FORGE.find_open(str(repository), "update") is None
    assert FORGE.close(str(repository), "update", "again") is False
    assert FORGE.open_or_refresh(asked(repository)).created is True
    assert len(refs(repository)) == 1


@pytest.mark.parametrize("missing", [{"head": "nowhere"}, {"base": "nowhere"}])
def test_a_branch_that_is_not_pushed_is_named(repository: Path, missing: dict[str, str]) -> None:
    with pytest.raises(UserError, match="nowhere") as caught:
        FORGE.open_or_refresh(asked(repository, **missing))
    assert caught.value.code == "branch-missing"
    assert refs(repository) == []


def test_a_branch_without_new_commits_opens_nothing(repository: Path) -> None:
    git("branch", "empty", "main", cwd=repository)
    with pytest.raises(UserError) as caught:
        FORGE.open_or_refresh(asked(repository, head="empty"))
    assert caught.value.code == "pull-request-empty"


def test_a_branch_that_was_merged_or_deleted_by_hand_has_no_open_pull_request(repository: Path) -> None:
    FORGE.open_or_refresh(asked(repository))
    git("update-ref", "refs/heads/main", "refs/heads/update", cwd=repository)
    assert FORGE.find_open(str(repository), "update") is None
    push(repository, "update", {"a.txt": "4\n"})
    assert FORGE.open_or_refresh(asked(repository)).head_sha == tip(repository, "update")
    git("update-ref", "-d", "refs/heads/update", cwd=repository)
    assert FORGE.list_open(str(repository)) == []


@pytest.mark.parametrize("place", ["missing.git", "empty"])
def test_what_is_no_repository_is_an_error_with_a_hint(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(AdapterError) as caught:
        FORGE.find_open(str(tmp_path / place), "update")
    assert caught.value.code == "repository-unreadable"


HOSTILE = ["not json", "[]", "{", '{"state": "open"}', '{"state": "open", "head": 1}', "[" * 100_000]


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_a_document_that_somebody_else_wrote_is_refused(repository: Path, content: str) -> None:
    blob = git("hash-object", "-w", "--stdin", cwd=repository, stdin=content)
    git("update-ref", reference("update"), blob, cwd=repository)
    with pytest.raises(AdapterError) as caught:
        FORGE.find_open(str(repository), "update")
    assert caught.value.code == "record-unreadable"
    assert "update-ref -d" in caught.value.hint


def test_a_document_cannot_smuggle_reference_updates_into_a_merge(repository: Path) -> None:
    FORGE.open_or_refresh(asked(repository))
    record = records.read(repository, reference("update"))
    assert record is not None
    forged = {**record.content, "base": f"main\ndelete refs/heads/main {tip(repository, 'main')}\n"}
    assert records.replace(repository, reference("update"), forged, record)
    with pytest.raises(AdapterError):
        FORGE.merge(str(repository), "update", tip(repository, "update"))
    assert tip(repository, "main")


any_text = st.text(st.characters(), max_size=300)
"""Every code point, lone surrogates and NUL included."""


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=any_text.filter(lambda text: text.strip()), body=any_text, labels=st.lists(any_text, max_size=3))
def test_any_text_comes_back_as_it_was(repository: Path, title: str, body: str, labels: list[str]) -> None:
    FORGE.close(str(repository), "update", "start anew")
    wanted = asked(repository, title=title, body=body, labels=tuple(labels))
    opened = FORGE.open_or_refresh(wanted)
    found = FORGE.find_open(str(repository), "update")
    assert found is not None
    assert (found.title, found.body) == (title, body)
    assert set(found.labels) >= set(labels)
    assert FORGE.open_or_refresh(wanted).changed is False
    assert opened.created is True


branch_like = st.text(
    st.sampled_from("ab-./@{~^:?*[\\ \n\x00\x7flock\ud800é日"), max_size=12
) | st.sampled_from(
    [
        "HEAD",
        "@",
        "-x",
        "--upload-pack=x",
        "a..b",
        "main^{commit}",
        "../../HEAD",
        "a.lock",
        "a.lock/b",
        "a" * 300,
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=branch_like)
def test_a_branch_name_is_what_git_takes_and_nothing_else_reaches_git(repository: Path, name: str) -> None:
    before = git("for-each-ref", cwd=repository)
    if is_branch(name):
        assert git("check-ref-format", "--branch", name, cwd=repository) == name
        assert FORGE.find_open(str(repository), name) is None
    else:
        with pytest.raises(UserError):
            PullRequest(str(repository), name, "main", "x")
        with pytest.raises(UserError):
            FORGE.find_open(str(repository), name)
        with pytest.raises(UserError):
            FORGE.close(str(repository), name, "x")
    assert git("for-each-ref", cwd=repository) == before


@settings(max_examples=150, deadline=None)
@given(name=st.text(st.sampled_from("ab-./@{~^:?*[\\ lock"), min_size=1, max_size=8))
def test_the_rules_for_branches_are_gits_own(name: str) -> None:
    accepted = subprocess.run(
        ["git", "check-ref-format", "--branch", name], capture_output=True, check=False, cwd="/"
    )
    # Git also takes these two, which mean something else nearly everywhere.
    assert is_branch(name) == (accepted.returncode == 0 and name not in ("HEAD", "@"))


def _open(bare: Path, title: str) -> tuple[bool, bool]:
    opened = LocalForge().open_or_refresh(asked(bare, title=title))
    return opened.created, opened.changed


def test_eight_processes_at_once_open_exactly_one(repository: Path) -> None:
    with SPAWN.Pool(8) as pool:
        results = pool.map(partial(_open, repository), ["same"] * 8, chunksize=1)
    assert sorted(results) == [(False, False)] * 7 + [(True, False)]
    assert len(refs(repository)) == 1


def test_eight_processes_with_different_texts_each_see_theirs_written_and_one_stays(repository: Path) -> None:
    titles = [f"title {number}" for number in range(8)]
    with SPAWN.Pool(8) as pool:
        results = pool.map(partial(_open, repository), titles, chunksize=1)
    assert [created for created, _ in results].count(True) == 1
    assert all(created or changed for created, changed in results)
    found = FORGE.find_open(str(repository), "update")
    assert found is not None
    assert found.title in titles


def test_a_base_without_changes_is_fast_forwarded(repository: Path) -> None:
    FORGE.open_or_refresh(asked(repository))
    sha = tip(repository, "update")
    assert FORGE.merge(str(repository), "update", sha) == sha == tip(repository, "main")
    assert FORGE.find_open(str(repository), "update") is None
    assert FORGE.merge(str(repository), "update", sha) == sha, "merging again is done already"


def test_a_base_with_changes_gets_a_merge_commit_with_both(repository: Path) -> None:
    FORGE.open_or_refresh(asked(repository, title="Update\x1b[31m to v2"))
    push(repository, "main", {"b.txt": "own\n"})
    main, update = tip(repository, "main"), tip(repository, "update")
    merged = FORGE.merge(str(repository), "update", update)
    assert git("rev-parse", f"{merged}^1", f"{merged}^2", cwd=repository).split() == [main, update]
    assert git("show", f"{merged}:a.txt", cwd=repository) == "2"
    assert git("show", f"{merged}:b.txt", cwd=repository) == "own"
    assert git("log", "-1", "--format=%s", merged, cwd=repository) == "Update\\x1b[31m to v2"


def test_a_conflict_names_the_files_and_moves_nothing(repository: Path) -> None:
    FORGE.open_or_refresh(asked(repository))
    push(repository, "main", {"a.txt": "other\n"})
    before = git("for-each-ref", cwd=repository)
    with pytest.raises(UpdateConflict, match=r"a\.txt"):
        FORGE.merge(str(repository), "update", tip(repository, "update"))
    assert git("for-each-ref", cwd=repository) == before


@pytest.mark.parametrize("code", ["pull-request-draft", "head-moved", "pull-request-missing"])
def test_a_merge_that_the_gates_have_not_passed_is_refused(repository: Path, code: str) -> None:
    checked = tip(repository, "update")
    if code != "pull-request-missing":
        FORGE.open_or_refresh(asked(repository, draft=code == "pull-request-draft"))
    if code == "head-moved":
        push(repository, "update", {"a.txt": "not checked\n"})
    main = tip(repository, "main")
    with pytest.raises(UserError) as caught:
        FORGE.merge(str(repository), "update", checked)
    assert caught.value.code == code
    assert tip(repository, "main") == main


def test_a_base_that_a_work_tree_has_checked_out_is_left_alone(repository: Path) -> None:
    FORGE.open_or_refresh(asked(repository))
    git("worktree", "add", "--quiet", repository.parent / "tree", "main", cwd=repository)
    with pytest.raises(UserError) as caught:
        FORGE.merge(str(repository), "update", tip(repository, "update"))
    assert caught.value.code == "branch-checked-out"


def _merge(bare: Path, branch: str) -> str:
    return LocalForge().merge(str(bare), branch, tip(bare, branch))


def test_eight_merges_into_one_base_at_once_lose_nothing(repository: Path) -> None:
    branches = [f"idp/{number}" for number in range(8)]
    for branch in branches:
        push(repository, branch, {f"{branch}.txt": branch})
        FORGE.open_or_refresh(asked(repository, head=branch))
    with SPAWN.Pool(8) as pool:
        pool.map(partial(_merge, repository), branches, chunksize=1)
    for branch in branches:
        assert git("show", f"main:{branch}.txt", cwd=repository) == branch
    assert FORGE.list_open(str(repository)) == []


CRASH = """
import os, signal, sys
from idp.core import process
from idp.forges.local.forge import LocalForge
from idp.forges.pull_request import PullRequest

path, title, fatal, after = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "after"
calls, real = 0, process.run

def run(*arguments, **named):
    global calls
    calls += 1
    if calls == fatal and not after:
        os.kill(os.getpid(), signal.SIGKILL)
    done = real(*arguments, **named)
    if calls == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return done

process.run = run
forge = LocalForge()
opened = forge.open_or_refresh(PullRequest(path, "update", "main", title))
forge.merge(path, "update", opened.head_sha)
"""


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_any_git_call_it_is_as_before_or_done_and_running_again_finishes(
    repository: Path, when: str
) -> None:
    main, update = tip(repository, "main"), tip(repository, "update")
    for fatal in count(1):
        argv = [sys.executable, "-c", CRASH, str(repository), "new", str(fatal), when]
        code = subprocess.run(argv, check=False).returncode
        assert tip(repository, "main") in (main, update)
        found = FORGE.find_open(str(repository), "update")
        assert found is None or found.title == "new"
        assert len(refs(repository)) <= 1
        if tip(repository, "main") == main:
            opened = FORGE.open_or_refresh(asked(repository, title="new"))
            FORGE.merge(str(repository), "update", opened.head_sha)
        assert tip(repository, "main") == update
        assert FORGE.list_open(str(repository)) == []
        git("update-ref", "refs/heads/main", main, cwd=repository)
        git("update-ref", "-d", reference("update"), cwd=repository)
        if code == 0:
            assert fatal > 10, "the kill has to reach every call"
            return
        assert code == -signal.SIGKILL


def test_a_merge_cut_short_between_its_two_references_counts_as_done(repository: Path) -> None:
    opened = FORGE.open_or_refresh(asked(repository))
    git("update-ref", "refs/heads/main", opened.head_sha, cwd=repository)
    assert FORGE.find_open(str(repository), "update") is None
    assert FORGE.merge(str(repository), "update", opened.head_sha) == opened.head_sha


def test_a_lock_that_a_killed_git_left_is_named_after_a_bounded_time(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_ATTEMPTS", 5)
    lock = repository / f"{reference('update')}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    started = time.monotonic()
    with pytest.raises(AdapterError, match="locked") as caught:
        FORGE.open_or_refresh(asked(repository))
    assert ".lock" in caught.value.hint
    assert time.monotonic() - started < 30


def test_a_repository_that_cannot_be_written_is_an_error_with_gits_words(repository: Path) -> None:
    (repository / "refs" / "idp").write_text("in the way")
    with pytest.raises(AdapterError, match="cannot write") as caught:
        FORGE.open_or_refresh(asked(repository))
    assert caught.value.code == "git-failed"


def test_checks_are_recorded_by_name_and_the_last_word_counts(repository: Path) -> None:
    sha = tip(repository, "update")
    for name, state in (("test", "failed"), ("lint: ß/\ud800", "pending"), ("test", "passed")):
        FORGE.record_check(str(repository), sha, name, CheckState(state))
    assert FORGE.checks(str(repository), sha) == {"test": "passed", "lint: ß/\ud800": "pending"}
    assert FORGE.checks(str(repository), tip(repository, "main")) == {}
    for wrong in ("main", "../..", "", "A" * 40):
        with pytest.raises(UserError):
            FORGE.checks(str(repository), wrong)


def _as(monkeypatch: pytest.MonkeyPatch, email: str) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_EMAIL", email)


def test_approvals_are_tags_by_their_authors_and_count_for_one_commit(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FORGE.open_or_refresh(asked(repository))
    for email in ("b@example.org", "a@example.org", "b@example.org"):
        _as(monkeypatch, email)
        FORGE.approve(str(repository), "update")
    reviews = FORGE.reviews(str(repository), "update")
    assert [(each.author, each.approved) for each in reviews] == [
        ("a@example.org", True),
        ("b@example.org", True),
    ]
    assert {each.sha for each in reviews} == {tip(repository, "update")}
    push(repository, "update", {"a.txt": "changed after the approval\n"})
    assert FORGE.reviews(str(repository), "update") == []


def test_authors_are_whoever_made_the_commits_that_the_base_lacks(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FORGE.open_or_refresh(asked(repository))
    _as(monkeypatch, "ann@example.org")
    push(repository, "update", {"b.txt": "ann's\n"})
    assert "ann@example.org" in FORGE.authors(str(repository), "update")
    assert FORGE.authors(str(repository), "nothing-open") == []


def test_nobody_cannot_approve(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    FORGE.open_or_refresh(asked(repository))
    (tmp_path / "no-user").write_text("[user]\n\tuseConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-user"))
    with pytest.raises(UserError, match="nobody"):
        FORGE.approve(str(repository), "update")


@pytest.mark.parametrize("wrong", [{"title": " \n"}, {"base": "update"}, {"head": "a b"}])
def test_a_pull_request_that_makes_no_sense_cannot_be_asked_for(wrong: dict[str, str]) -> None:
    with pytest.raises(IdpError):
        asked(Path("/x"), **wrong)
