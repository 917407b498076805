"""`idp update` on one service: what it keeps, what it reports, what it refuses."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from idp.git import work_tree
from idp.templates import store as template_store
from tests.command_line import Ran, idp
from tests.services.update_cases import snapshot
from tests.support import build_file_tree, git, run, save

COPIER = Path(sys.executable).with_name("copier")
LINES = "".join(f"line {number}\n" for number in range(1, 21))


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template of its own with every kind of file, at v1.0.0."""
    folder = build_file_tree(
        tmp_path / "template",
        {
            "copier.yml": "service_name: {type: str, default: svc}\n_skip_if_exists: [mine.toml]\n"
            "_preserve_symlinks: true\n",
            "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers|to_nice_yaml }}",
            "text.txt": LINES,
            "old-name.txt": LINES.replace("line", "moving"),
            "going.txt": "going\n",
            "deleted-by-user.txt": "one\ntwo\n",
            "logo.bin": bytes(range(256)),
            "tool.sh": "#!/bin/sh\n",
            "mine.toml": "a = 1\n",
            "dir/nested.txt.jinja": "of {{ service_name }}\n",
        },
    )
    (folder / "link").symlink_to("text.txt")
    save(folder, "one", "v1.0.0")
    return folder


@pytest.fixture
def service(template: Path, tmp_path: Path) -> Path:
    made = idp("create", "service", "svc", "--template", template, "--output-dir", tmp_path)
    assert made.exit_code == 0, made.stderr
    return tmp_path / "svc"


def release(template: Path, tag: str, files: dict[str, str | bytes] | None = None) -> None:
    build_file_tree(template, files or {})
    save(template, tag, tag)


def actions(done: Ran) -> dict[str, str]:
    """Path → action of a JSON report."""
    return {file["path"]: file["action"] for file in done.json["data"]["report"]["files"]}


def update(service: Path, *options: str) -> Ran:
    template_store.forget_lookups()
    return idp("update", service, "--output", "json", *options)


def test_a_clean_update_gives_copiers_own_tree_byte_for_byte(
    template: Path, service: Path, tmp_path: Path
) -> None:
    (service / "own.txt").write_text("mine\n")
    (service / "text.txt").write_text(LINES.replace("line 2\n", "line two\n"))
    save(service, "edits")
    run("cp", "-a", service, tmp_path / "copiers", cwd=tmp_path)
    (template / "tool.sh").chmod(0o755)
    (template / "going.txt").unlink()
    release(
        template, "v1.1.0", {"text.txt": LINES + "line 21\n", "new/file.txt": "new\n", "logo.bin": b"\0new"}
    )
    ours = update(service)
    theirs = run(COPIER, "update", "--defaults", "--quiet", cwd=tmp_path / "copiers")
    assert ours.exit_code == 0, ours.stdout
    assert theirs.returncode == 0, theirs.stderr
    assert snapshot(service) == snapshot(tmp_path / "copiers")
    assert actions(ours) == {
        ".copier-answers.yml": "changed",
        "going.txt": "removed",
        "logo.bin": "changed",
        "new/file.txt": "added",
        "text.txt": "merged",
        "tool.sh": "changed",
    }


def test_the_answers_stay_usable_for_copier_update_and_renovate(template: Path, service: Path) -> None:
    release(template, "v1.1.0", {"text.txt": LINES + "more\n"})
    assert update(service).exit_code == 0
    save(service, "update")
    answers = yaml.safe_load((service / ".copier-answers.yml").read_text())
    assert answers == {"_commit": "v1.1.0", "_src_path": str(template), "service_name": "svc"}
    release(template, "v1.2.0", {"text.txt": LINES + "still more\n"})
    done = run(COPIER, "update", "--defaults", "--quiet", cwd=service)
    assert done.returncode == 0, done.stderr
    assert (service / "text.txt").read_text().endswith("still more\n")


def test_edits_in_ten_places_survive_every_version_to_every_later_one(template: Path, tmp_path: Path) -> None:
    (template / "going.txt").unlink()
    release(template, "v1.1.0", {"text.txt": LINES.replace("line 18", "line 18 of v1.1")})
    git("mv", "old-name.txt", "new-name.txt", cwd=template)
    (template / "tool.sh").chmod(0o755)
    release(template, "v1.2.0", {"dir/nested.txt.jinja": "newer, of {{ service_name }}\n"})
    release(template, "v2.0.0", {"deleted-by-user.txt": "one\ntwo\nthree\n", "mine.toml": "a = 2\n"})
    versions = ["v1.0.0", "v1.1.0", "v1.2.0", "v2.0.0"]
    for start in range(len(versions)):
        for end in range(start + 1, len(versions)):
            name = f"svc-{start}-{end}"
            made = idp("create", "service", name, "--template", template, "--template-version", versions[start],
                       "--output-dir", tmp_path)  # fmt: skip
            assert made.exit_code == 0, made.stderr
            service = tmp_path / name
            _edit_in_ten_places(service)
            done = update(service, "--to", versions[end])
            assert done.exit_code == 0, done.stdout
            _ten_edits_are_there(service, done)
            save(service, "update")
            assert update(service, "--to", versions[end]).json["data"]["report"]["state"] == "current"


def _edit_in_ten_places(service: Path) -> None:
    moving = service / ("new-name.txt" if (service / "new-name.txt").exists() else "old-name.txt")
    (service / "own/file.txt").parent.mkdir()
    (service / "own/file.txt").write_text("1: my own file\n")
    (service / "text.txt").write_text((service / "text.txt").read_text().replace("line 2\n", "2: edited\n"))
    (service / "text.txt").write_text(
        (service / "text.txt").read_text().replace("line 9\n", "line 9\n3: more\n")
    )
    (service / "deleted-by-user.txt").unlink()
    moving.write_text(moving.read_text().replace("moving 7\n", "5: edited where the template moves\n"))
    (service / "logo.bin").write_bytes(b"6: another picture\0")
    (service / "mine.toml").write_text("a = 7\n")
    (service / "link").unlink()
    (service / "link").symlink_to("8-elsewhere")
    (service / ".gitignore").write_text("9-ignored\n")
    git("mv", "dir/nested.txt", "dir/ten.txt", cwd=service)
    save(service, "ten edits")
    (service / "9-ignored").write_text("local\n")


def _ten_edits_are_there(service: Path, done: Ran) -> None:
    everything = b"".join(content for _, content in snapshot(service).values()).decode(errors="replace")
    for edit in ("1: my own file", "2: edited", "3: more", "5: edited where", "6: another picture", "a = 7"):
        assert edit in everything, f"{edit}: {done.stdout}"
    assert not (service / "deleted-by-user.txt").exists()
    assert str((service / "link").readlink()) == "8-elsewhere"
    assert (service / "9-ignored").read_text() == "local\n"
    assert (service / "dir/ten.txt").exists()
    assert not (service / "dir/nested.txt").exists()


def test_a_conflict_writes_nothing_and_names_every_file(template: Path, service: Path) -> None:
    (service / "text.txt").write_text(LINES.replace("line 5\n", "mine\n"))
    (service / "logo.bin").write_bytes(b"mine\0")
    (service / "going.txt").write_text("edited\n")
    save(service, "edits")
    before = snapshot(service)
    (template / "going.txt").unlink()
    release(template, "v1.1.0", {"text.txt": LINES.replace("line 5\n", "theirs\n"), "logo.bin": b"theirs\0"})
    done = update(service)
    assert done.exit_code == 12
    assert done.json["errors"][0]["code"] == "update-conflict"
    conflicts = {path for path, action in actions(done).items() if action == "conflict"}
    assert conflicts == {"going.txt", "logo.bin", "text.txt"}
    assert snapshot(service) == before
    assert git("status", "--porcelain", cwd=service) == ""


def test_markers_are_written_where_asked_for_and_abort_goes_back(template: Path, service: Path) -> None:
    (service / "text.txt").write_text(LINES.replace("line 5\n", "mine\n"))
    save(service, "edit")
    before = snapshot(service)
    release(template, "v1.1.0", {"text.txt": LINES.replace("line 5\n", "theirs\n"), "new.txt": "new\n"})
    done = update(service, "--markers")
    assert done.exit_code == 12
    text = (service / "text.txt").read_text()
    assert "<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template v1.1.0\n" in text
    assert "UU text.txt" in git("status", "--porcelain", cwd=service)
    assert (service / "new.txt").exists()
    again = update(service)
    assert again.exit_code == 1
    assert again.json["errors"][0]["code"] == "update-uncommitted"
    undone = update(service, "--abort")
    assert undone.exit_code == 0, undone.stdout
    assert snapshot(service) == before
    assert git("status", "--porcelain", cwd=service) == ""


def test_markers_resolved_and_committed_are_the_end_of_it(template: Path, service: Path) -> None:
    (service / "text.txt").write_text(LINES.replace("line 5\n", "mine\n"))
    save(service, "edit")
    release(template, "v1.1.0", {"text.txt": LINES.replace("line 5\n", "theirs\n")})
    assert update(service, "--markers").exit_code == 12
    (service / "text.txt").write_text(LINES.replace("line 5\n", "both\n"))
    save(service, "resolved")
    assert update(service).json["data"]["report"]["state"] == "current"


@pytest.mark.parametrize("dirt", ["edited", "staged", "untracked"])
def test_a_dirty_work_tree_is_refused(template: Path, service: Path, dirt: str) -> None:
    release(template, "v1.1.0", {"text.txt": LINES + "more\n"})
    if dirt == "untracked":
        (service / "new").touch()
    else:
        (service / "text.txt").write_text("dirty\n")
    if dirt == "staged":
        git("add", "text.txt", cwd=service)
    before = snapshot(service)
    done = update(service)
    assert done.exit_code == 1
    assert done.json["errors"][0]["code"] == "work-tree-dirty"
    assert snapshot(service) == before


def test_an_ignored_file_in_the_way_is_never_overwritten(template: Path, service: Path) -> None:
    (service / ".gitignore").write_text("new.txt\n")
    save(service, "ignore")
    (service / "new.txt").write_text("precious\n")
    release(template, "v1.1.0", {"new.txt": "theirs\n"})
    done = update(service)
    assert done.exit_code == 1
    assert done.json["errors"][0]["code"] == "file-in-the-way"
    assert (service / "new.txt").read_text() == "precious\n"


def test_a_dry_run_shows_the_diff_and_leaves_no_trace(template: Path, service: Path) -> None:
    release(template, "v1.1.0", {"text.txt": LINES + "more\n"})
    before = snapshot(service), git("count-objects", "-v", cwd=service)
    done = update(service, "--dry-run")
    assert done.exit_code == 0
    assert "+more" in done.json["data"]["report"]["diff"]
    assert actions(done)["text.txt"] == "changed"
    assert (snapshot(service), git("count-objects", "-v", cwd=service)) == before
    assert "+more" in idp("update", service, "--dry-run").stdout


def test_a_branch_gets_the_update_and_the_work_tree_stays(template: Path, service: Path) -> None:
    release(template, "v1.1.0", {"text.txt": LINES + "more\n"})
    before = snapshot(service)
    for _ in range(2):
        done = update(service, "--branch")
        assert done.exit_code == 0, done.stdout
        assert done.json["data"]["where"] == "idp/update-v1.1.0"
    assert snapshot(service) == before
    assert git("show", "idp/update-v1.1.0:text.txt", cwd=service).endswith("more")
    assert git("rev-list", "--count", "HEAD..idp/update-v1.1.0", cwd=service) == "1"
    assert "Template-To: v1.1.0" in git("log", "-1", "--format=%B", "idp/update-v1.1.0", cwd=service)


@pytest.mark.parametrize("kind", ["another file", "same content"])
def test_a_version_that_changes_nothing_here_is_a_no_op(template: Path, service: Path, kind: str) -> None:
    (template / "copier.yml").write_text(
        (template / "copier.yml").read_text()
        + ("_exclude: ['copier.yml', 'notes.md', '.git']\n" if kind == "another file" else "# words\n")
    )
    release(template, "v1.1.0", {"notes.md": "only for us\n"} if kind == "another file" else None)
    before = snapshot(service)
    done = update(service)
    assert done.exit_code == 0, done.stdout
    assert done.json["data"]["report"]["state"] == "no-op"
    assert snapshot(service) == before


def test_a_tag_that_does_not_touch_the_services_template_is_a_no_op_without_rendering(tmp_path: Path) -> None:
    from tests.services.test_create import QUICK_TEMPLATE

    platform = build_file_tree(tmp_path / "platform", QUICK_TEMPLATE)
    save(platform, tag="v1.0.0")
    made = idp(
        "create", "service", "svc", "--template", "small", "--platform", platform, "--output-dir", tmp_path
    )
    assert made.exit_code == 0, made.stderr
    build_file_tree(platform, {"copier-templates/other/project/README.md": "other\n", "docs/x.md": "x\n"})
    save(platform, tag="v1.1.0")
    assert update(tmp_path / "svc").json["data"]["report"]["state"] == "no-op"
    build_file_tree(
        platform, {"copier-templates/small/project/README.md.jinja": "# newer {{ service_name }}\n"}
    )
    save(platform, tag="v1.2.0")
    assert update(tmp_path / "svc").json["data"]["report"]["state"] == "clean"


@pytest.mark.parametrize(
    ("options", "code", "exit_code"),
    [
        (("--to", "v9.9.9"), "template-version-unknown", 1),
        (("--to", "v0.9.0"), "downgrade", 1),
        (("--data", "template=other"), "template-change", 1),
        (("--data", "nonsense"), "answer-invalid", 2),
        (("--data", "unheard=of"), "answer-unknown", 2),
    ],
)
def test_what_cannot_be_done_is_one_clear_error(
    template: Path, service: Path, options: tuple[str, ...], code: str, exit_code: int
) -> None:
    git("tag", "v0.9.0", git("commit-tree", "-m", "older", "HEAD^{tree}", cwd=template), cwd=template)
    release(template, "v1.1.0", {"text.txt": LINES + "more\n"})
    before = snapshot(service)
    done = update(service, *options)
    assert (done.exit_code, done.json["errors"][0]["code"]) == (exit_code, code)
    assert snapshot(service) == before


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ("_commit: v1.0.0\n", "answers-invalid"),
        ("_src_path: ../template\n_commit: v1.0.0\n", "template-vanished"),
        ("_src_path: /nowhere/at/all\n_commit: v1.0.0\n", "template-vanished"),
        ("_src_path: {template}\n", "answers-invalid"),
        ("_src_path: {template}\n_commit: 0123456\n", "template-version-unknown"),
        ("_src_path: {template}\n_commit: --upload-pack=x\n", "template-version-unknown"),
        ("- a\n", "answers-invalid"),
        ("a: [\n", "answers-invalid"),
        ("", "answers-invalid"),
    ],
)
def test_an_answers_file_that_says_nothing_useful_is_one_clear_error(
    template: Path, service: Path, answers: str, code: str
) -> None:
    (service / ".copier-answers.yml").write_text(answers.replace("{template}", str(template)))
    save(service, "broken")
    done = update(service)
    assert done.exit_code == 1, done.stdout
    assert done.json["errors"][0]["code"] == code


def test_a_new_question_takes_its_default_or_the_given_answer(
    template: Path, service: Path, tmp_path: Path
) -> None:
    with (template / "copier.yml").open("a") as file:
        file.write("colour: {type: str, default: red}\n")
    release(template, "v1.1.0", {"paint.txt.jinja": "{{ colour }}\n"})
    run("cp", "-a", service, tmp_path / "other", cwd=tmp_path)
    assert update(service).exit_code == 0
    assert (service / "paint.txt").read_text() == "red\n"
    assert update(tmp_path / "other", "--data", "colour=blue").exit_code == 0
    assert (tmp_path / "other/paint.txt").read_text() == "blue\n"
    assert "colour: blue" in (tmp_path / "other/.copier-answers.yml").read_text()


def test_a_service_in_a_subfolder_of_a_monorepo_is_updated_in_its_place(
    template: Path, tmp_path: Path
) -> None:
    mono = build_file_tree(tmp_path / "mono", {"README.md": "all of us\n", "text.txt": "not the service's\n"})
    save(mono)
    (mono / "services").mkdir()
    assert run(COPIER, "copy", "--defaults", "--quiet", template, "services/svc", cwd=mono).returncode == 0
    (mono / "services/svc/text.txt").write_text(LINES.replace("line 2\n", "mine\n"))
    save(mono, "svc")
    release(template, "v1.1.0", {"text.txt": LINES + "more\n"})
    done = update(mono / "services/svc")
    assert done.exit_code == 0, done.stdout
    assert git("diff", "--cached", "--name-only", cwd=mono).splitlines() == [
        "services/svc/.copier-answers.yml",
        "services/svc/text.txt",
    ]
    assert (mono / "text.txt").read_text() == "not the service's\n"
    assert (mono / "services/svc/text.txt").read_text() == LINES.replace("line 2\n", "mine\n") + "more\n"


def test_diff_says_file_by_file_how_a_service_differs_from_its_template(service: Path) -> None:
    (service / "text.txt").write_text(LINES + "mine\n")
    (service / "going.txt").unlink()
    (service / "own.txt").write_text("own\n")
    save(service, "edits")
    done = idp("diff", service, "--output", "json")
    states = {file["path"]: file["ownership"] for file in done.json["data"]["files"]}
    assert states["text.txt"] == "edited"
    assert states["going.txt"] == "missing"
    assert states["own.txt"] == "own"
    assert states["logo.bin"] == states[".copier-answers.yml"] == "template-owned"
    assert "+mine" in done.json["data"]["diff"]
    assert "own.txt" not in done.json["data"]["diff"]


def test_of_two_updates_at_once_one_wins_and_the_other_says_so(template: Path, service: Path) -> None:
    release(template, "v1.1.0", {"text.txt": LINES + "more\n"})
    with work_tree.locked(service / ".git"):
        other = run(sys.executable, "-m", "idp", "update", service, cwd=service)
    assert other.returncode == 1
    assert "Another update of this service is running" in other.stderr
    assert update(service).exit_code == 0


@pytest.mark.slow
def test_killed_at_any_moment_the_service_is_finished_by_running_again(
    template: Path, tmp_path: Path
) -> None:
    for number in range(40):
        (template / f"many-{number}.txt").write_text(f"{number}\n" * 2000)
    release(template, "v1.1.0")
    for number in range(40):
        (template / f"many-{number}.txt").write_text(f"{number} new\n" * 2000)
    release(template, "v1.2.0")

    def make(name: str) -> Path:
        (tmp_path / name).mkdir()
        made = idp("create", "service", "svc", "--template", template, "--template-version", "v1.1.0",
                   "--output-dir", tmp_path / name)  # fmt: skip
        assert made.exit_code == 0, made.stderr
        return tmp_path / name / "svc"

    def start(service: Path) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "idp", "update", str(service)],
            start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    whole = make("whole")
    before = snapshot(whole)
    began = time.monotonic()
    assert start(whole).wait(60) == 0
    duration = time.monotonic() - began
    after = snapshot(whole)
    moments = 14
    for moment in range(moments):
        service = make(f"killed-{moment}")
        child = start(service)
        time.sleep(duration * (0.45 + 0.6 * moment / moments))
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        done = update(service)
        if done.exit_code == 1:
            assert done.json["errors"][0]["code"] == "update-uncommitted", done.stdout
        else:
            assert done.exit_code == 0, done.stdout
        assert snapshot(service) == after, f"moment {moment}"
        assert git("diff", "--name-only", cwd=service) == ""
    assert before != after


def test_a_template_with_tasks_is_updated_by_copier_itself_and_reported_the_same_way(
    template: Path, service: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (service / "text.txt").write_text(LINES.replace("line 2\n", "mine\n"))
    (service / "going.txt").write_text("edited\n")
    save(service, "edits")
    with (template / "copier.yml").open("a") as file:
        file.write("_migrations: ['echo migrated > migrated.txt']\n")
    release(template, "v1.1.0", {"text.txt": LINES + "more\n"})
    refused = update(service)
    assert refused.exit_code == 1
    assert refused.json["errors"][0]["code"] == "template-unsafe"
    trust = tmp_path / "copier-settings.yml"
    trust.write_text(f"trust: ['{template}']\n")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(trust))
    done = update(service)
    assert done.exit_code == 0, done.stdout
    assert (service / "migrated.txt").read_text() == "migrated\n"
    assert (service / "text.txt").read_text() == LINES.replace("line 2\n", "mine\n") + "more\n"
    assert actions(done)["migrated.txt"] == "added"
    save(service, "update")
    (template / "going.txt").unlink()
    release(template, "v1.2.0")
    before = snapshot(service)
    lossy = update(service)
    assert lossy.exit_code == 12, "Copier alone would delete the edited file without a word"
    assert actions(lossy)["going.txt"] == "conflict"
    assert snapshot(service) == before


def test_one_services_pull_request_is_open_exactly_once_however_often_it_is_asked_for(
    template: Path, service: Path, tmp_path: Path
) -> None:
    refused = update(service, "--pr")
    assert refused.json["errors"][0]["code"] == "no-origin"
    origin = tmp_path / "svc.git"
    git("clone", "-q", "--bare", service, origin, cwd=tmp_path)
    git("remote", "add", "origin", origin, cwd=service)
    release(template, "v1.1.0", {"text.txt": LINES + "more\n"})
    before = snapshot(service)
    reports = [update(service, "--pr") for _ in range(3)]
    assert [done.exit_code for done in reports] == [0, 0, 0], reports[0].stdout
    assert [done.json["data"]["services"][0]["delivery"]["opened"] for done in reports] == [
        True,
        False,
        False,
    ]
    assert git("show", "idp/update-v1.1.0:text.txt", cwd=origin).endswith("more")
    assert len(git("for-each-ref", "refs/idp/pull", cwd=origin).splitlines()) == 1
    assert snapshot(service) == before
