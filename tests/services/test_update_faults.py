"""An update that dies at any of its writes leaves the service as before, or something that the next run finishes."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.core import process
from idp.templates import store as template_store
from tests.command_line import idp
from tests.services.update_cases import snapshot
from tests.support import build_file_tree, git, save

KILLED = 77
FILES = {f"file-{number}.txt": f"{number}\n" * 50 for number in range(8)}


def services(tmp_path: Path) -> tuple[Path, Path]:
    """A service at v1.0.0 with an edit, and a template at v1.1.0 that changes, adds, renames and deletes."""
    template = build_file_tree(
        tmp_path / "template",
        {
            "copier.yml": "service_name: {type: str, default: svc}\n",
            "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers|to_nice_yaml }}",
            **FILES,
        },
    )
    save(template, tag="v1.0.0")
    made = idp("create", "service", "svc", "--template", template, "--output-dir", tmp_path)
    assert made.exit_code == 0, made.stderr
    (tmp_path / "svc/file-1.txt").write_text("mine\n" + FILES["file-1.txt"])
    save(tmp_path / "svc", "edit")
    (template / "file-2.txt").unlink()
    git("mv", "file-3.txt", "moved.txt", cwd=template)
    build_file_tree(template, {"file-1.txt": FILES["file-1.txt"] + "theirs\n", "folder/new.txt": "new\n"})
    save(template, tag="v1.1.0")
    return tmp_path / "svc", template


def dying_at(number: int, action: Callable[[], object]) -> bool:
    """Do something in a child that dies at its n-th write, before it is done; whether it died."""
    child = os.fork()
    if child == 0:
        try:
            _die_at(number)
            action()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == KILLED


def _die_at(number: int) -> None:
    """Every program that is run and every file that is written, replaced or removed is a write."""
    counter = iter(range(1, 100_000))

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **named: Any) -> Any:
            if next(counter) == number:
                os._exit(KILLED)
            return function(*arguments, **named)

        return wrapper

    process.run = counted(process.run)
    for name in ("replace", "unlink", "write_text", "rename", "rmdir"):
        setattr(Path, name, counted(getattr(Path, name)))
    shutil.copyfile = counted(shutil.copyfile)


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--branch",)], ids=["work tree", "branch"])
def test_dead_at_any_write_the_service_is_as_before_or_the_next_run_finishes(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    original, _ = services(tmp_path)
    template_store.forget_lookups()
    before = snapshot(original)
    whole = tmp_path / "whole" / "svc"
    shutil.copytree(original, whole, symlinks=True)
    assert idp("update", whole, *options).exit_code == 0
    after = snapshot(whole)
    deaths = 0
    for number in range(1, 300):
        service = tmp_path / f"dead-{number}" / "svc"
        shutil.copytree(original, service, symlinks=True)
        git("status", cwd=service)
        if not dying_at(number, lambda at=service: idp("update", at, *options)):  # type: ignore[misc]
            break
        deaths += 1
        found = snapshot(service)
        if options:
            assert found == before, f"write {number}"
        again = idp("update", service, *options, "--output", "json")
        if again.exit_code != 0:
            assert again.json["errors"][0]["code"] == "update-uncommitted", again.stdout
        assert snapshot(service) == after, f"write {number}"
        branch = git("for-each-ref", "refs/heads/idp", "--format=%(refname:short)", cwd=service)
        assert branch == ("idp/update-v1.1.0" if options else "")
        shutil.rmtree(service.parent)
    assert deaths > 10, "the counter has to see the writes"
