"""A service's folder is read within bounds, and nothing outside of it."""

import os
import stat
from pathlib import Path

import pytest

from idp.core.errors import UserError
from idp.standards.service_files import FileLimits, read_service_files
from tests.support import build_file_tree, git, save


def test_files_that_git_ignores_are_left_out_and_untracked_ones_are_read(tmp_path: Path) -> None:
    build_file_tree(
        tmp_path, {".gitignore": "*.log\n.env\n", "a.py": "1", "b.log": "2", ".env": "3", "sub/c.py": "4"}
    )
    save(tmp_path)
    build_file_tree(tmp_path, {"new.py": "5"})
    snapshot = read_service_files(tmp_path)
    assert set(snapshot.files) == {".gitignore", "a.py", "sub/c.py", "new.py"}
    assert snapshot.tracked == frozenset({".gitignore", "a.py", "sub/c.py"})


def test_a_folder_within_a_repository_is_read_alone(tmp_path: Path) -> None:
    build_file_tree(tmp_path, {"top.py": "1", "service/a.py": "2"})
    save(tmp_path)
    assert set(read_service_files(tmp_path / "service").files) == {"a.py"}


def test_without_git_build_output_is_left_out(tmp_path: Path) -> None:
    build_file_tree(
        tmp_path, {"a.py": "1", "node_modules/x/y.js": "2", ".venv/z.py": "3", "target/A.class": "4"}
    )
    snapshot = read_service_files(tmp_path)
    assert set(snapshot.files) == {"a.py"}
    assert snapshot.tracked is None


@pytest.mark.parametrize("in_git", [False, True])
def test_links_are_followed_inside_the_folder_only(tmp_path: Path, *, in_git: bool) -> None:
    outside = build_file_tree(tmp_path / "outside", {"secret.txt": "secret", "deep/b.txt": "secret"})
    service = build_file_tree(tmp_path / "service", {"docs/README.md": "inside"})
    (service / "README.md").symlink_to("docs/README.md")
    (service / "secret.md").symlink_to(outside / "secret.txt")
    (service / "folder").symlink_to(outside / "deep")
    (service / "loop").symlink_to("loop")
    (service / "gone").symlink_to("nowhere")
    if in_git:
        save(service)
    snapshot = read_service_files(service)
    assert snapshot.files["README.md"].text == "inside"
    assert all("secret" not in file.text for file in snapshot.files.values())
    assert {"secret.md", "loop", "gone"} <= {skipped.path for skipped in snapshot.skipped}


def test_pipes_do_not_block_and_unreadable_files_are_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    build_file_tree(tmp_path, {"large.bin": b"x" * 5000, "a.py": "1"})
    snapshot = read_service_files(tmp_path, FileLimits(file_bytes=1000))
    assert set(snapshot.files) == {"a.py"}
    assert {skipped.path for skipped in snapshot.skipped} == {"pipe", "large.bin"}


def test_the_number_and_the_sum_of_bytes_are_limited(tmp_path: Path) -> None:
    build_file_tree(tmp_path, {f"{number:03}.txt": "x" * 100 for number in range(50)})
    few = read_service_files(tmp_path, FileLimits(files=10))
    small = read_service_files(tmp_path, FileLimits(total_bytes=1000))
    assert len(few.files) == len(small.files) == 10
    assert few.skipped
    assert small.skipped


@pytest.mark.parametrize("in_git", [False, True])
def test_a_name_that_is_no_utf8_is_skipped(tmp_path: Path, *, in_git: bool) -> None:
    with open(os.fsencode(tmp_path) + b"/caf\xe9.py", "wb"):  # noqa: PTH123 - pathlib has no bytes
        pass
    build_file_tree(tmp_path, {"übung.py": "1"})
    if in_git:
        save(tmp_path)
    snapshot = read_service_files(tmp_path)
    assert set(snapshot.files) == {"übung.py"}
    assert len(snapshot.skipped) == 1


def test_settings_of_the_folder_start_no_program(tmp_path: Path) -> None:
    build_file_tree(tmp_path, {"a.py": "1"})
    save(tmp_path)
    hook = tmp_path / ".git" / "hook.sh"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    git("config", "core.fsmonitor", str(hook), cwd=tmp_path)
    read_service_files(tmp_path)
    assert not (tmp_path / "started").exists()


def test_a_deleted_file_that_git_still_tracks_is_no_error(tmp_path: Path) -> None:
    build_file_tree(tmp_path, {"a.py": "1", "b.py": "2"})
    save(tmp_path)
    (tmp_path / "a.py").unlink()
    assert set(read_service_files(tmp_path).files) == {"b.py"}


@pytest.mark.parametrize("name", ["missing", "file.txt", "nul\0byte"])
def test_what_is_no_folder_is_one_clear_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(UserError) as raised:
        read_service_files(tmp_path / name)
    assert raised.value.code == "folder-unreadable"
