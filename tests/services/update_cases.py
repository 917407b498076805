"""Random template changes and random edits of a service, and what must be true after an update.

Every line is unique, so that a line found in the result can only be the one that somebody wrote.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from idp.templates import rendering as template_render
from idp.templates import store as template_store
from idp.templates.store import TemplateSource
from tests.support import git, save

if TYPE_CHECKING:
    from collections.abc import Callable

COPIER_YML = (
    "service_name: {type: str, default: svc}\n_skip_if_exists: [keep.txt]\n_preserve_symlinks: true\n"
)
ANSWERS = "{{ _copier_conf.answers_file }}.jinja"
TEXT_FILES = ("a.txt", "b.txt", "dir/c.txt", "dir/deep/d.txt", "run.sh", "keep.txt")
BINARY_FILES = ("logo.bin",)
OPERATIONS = (
    "edit",
    "insert",
    "cut",
    "append",
    "delete",
    "rename",
    "mode",
    "add",
    "rewrite",
    "binary",
    "symlink",
)


@dataclass(frozen=True)
class Operation:
    """One change to a tree: what, which file of it, where in it."""

    kind: str
    file: int
    place: int


@dataclass
class Case:
    """A template in two versions and a service with edits."""

    template: list[Operation] = field(default_factory=list)
    user: list[Operation] = field(default_factory=list)


operations = st.builds(Operation, st.sampled_from(OPERATIONS), st.integers(0, 20), st.integers(0, 20))
cases = st.builds(Case, st.lists(operations, min_size=1, max_size=6), st.lists(operations, max_size=6))


def first_version(template: Path) -> None:
    """The template as its first version has it."""
    (template / "copier.yml").write_text(COPIER_YML)
    (template / ANSWERS).write_text("{{ _copier_answers|to_nice_yaml }}")
    for name in TEXT_FILES:
        path = template / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{name} line {number}\n" for number in range(12)))
    (template / "run.sh").chmod(0o755)
    for name in BINARY_FILES:
        (template / name).write_bytes(bytes(range(256)))


def change(root: Path, todo: list[Operation], who: str) -> None:
    """Apply operations to a tree; `who` marks the lines and files that they bring."""
    actions: dict[str, Callable[[Path, Operation, str], object]] = {
        "edit": _edit,
        "insert": _insert,
        "cut": _cut,
        "append": _append,
        "delete": lambda path, *_: path.unlink(),
        "rename": _rename,
        "mode": lambda path, *_: path.chmod(path.stat().st_mode ^ 0o111),
        "rewrite": lambda path, _, mark: path.write_text("".join(f"{mark} all {n}\n" for n in range(6))),
        "symlink": _symlink,
    }
    for number, operation in enumerate(todo):
        mark = f"{who}{number}"
        if operation.kind == "add":
            # Two names that both sides may choose, so that they meet.
            (root / f"added-{operation.file % 3}.txt").write_text(f"{mark} added\n")
        elif operation.kind == "binary":
            if (root / "logo.bin").is_file():
                (root / "logo.bin").write_bytes(mark.encode() + bytes(range(256)))
        elif files := _files(root):
            actions[operation.kind](files[operation.file % len(files)], operation, mark)


def _files(root: Path) -> list[Path]:
    special = {"copier.yml", ANSWERS, ".copier-answers.yml", "logo.bin"}
    paths = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in paths if path.name not in special and ".git" not in path.parts)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True)


def _edit(path: Path, operation: Operation, mark: str) -> None:
    lines = _lines(path)
    if lines:
        lines[operation.place % len(lines)] = f"{mark} edit\n"
    path.write_text("".join(lines))


def _insert(path: Path, operation: Operation, mark: str) -> None:
    lines = _lines(path)
    lines.insert(operation.place % (len(lines) + 1), f"{mark} insert\n")
    path.write_text("".join(lines))


def _append(path: Path, _: Operation, mark: str) -> None:
    path.write_text(path.read_text() + f"{mark} append\n")


def _cut(path: Path, operation: Operation, _: str) -> None:
    lines = _lines(path)
    if len(lines) > 1:
        del lines[operation.place % len(lines)]
    path.write_text("".join(lines))


def _rename(path: Path, operation: Operation, mark: str) -> None:
    path.rename(path.with_name(f"{mark}-{operation.place % 3}-{path.name}"))


def _symlink(path: Path, _: Operation, mark: str) -> None:
    path.unlink()
    path.symlink_to(f"{mark}-target")


@dataclass(frozen=True)
class Built:
    template: Path
    service: Path


def build(folder: Path, case: Case) -> Built:
    """The template (v1.0.0 and v2.0.0) and the service, each a repository."""
    template, service = folder / "template", folder / "svc"
    template.mkdir(parents=True)
    first_version(template)
    save(template, "one", "v1.0.0")
    change(template, case.template, "theirs")
    save(template, "two", "v2.0.0")
    template_store.forget_lookups()
    state = template_store.resolve(TemplateSource(str(template), template), "v1.0.0")
    answers = f"_commit: v1.0.0\n_src_path: {template}\nservice_name: svc\n"
    template_render.render_version(state, service, answers=answers, answers_file=".copier-answers.yml")
    git("init", "-q", cwd=service)
    save(service, "create")
    change(service, case.user, "mine")
    save(service, "edits")
    return Built(template, service)


def snapshot(root: Path) -> dict[str, tuple[str, bytes]]:
    """Path → (kind and executable bit, content) of a work tree."""
    found = {}
    for path in root.rglob("*"):
        if ".git" in path.relative_to(root).parts[:1] or (path.is_dir() and not path.is_symlink()):
            continue
        if path.is_symlink():
            found[str(path.relative_to(root))] = ("link", str(path.readlink()).encode())
        else:
            kind = "exec" if path.stat().st_mode & 0o100 else "file"
            found[str(path.relative_to(root))] = (kind, path.read_bytes())
    return found


def lost_edits(
    base: dict[str, tuple[str, bytes]],
    ours: dict[str, tuple[str, bytes]],
    result: dict[str, tuple[str, bytes]],
    reported: set[str],
) -> list[str]:
    """The user's edits that are neither in the result nor reported; empty is the promise."""
    everything = b"\n".join(content for _, content in result.values())
    lost = []
    for path, (kind, content) in ours.items():
        if base.get(path) == (kind, content) or path in reported or path == ".copier-answers.yml":
            continue
        before_kind, before = base.get(path, ("absent", b""))
        if kind == "link" or path.endswith(".bin"):
            if content not in everything:
                lost.append(f"{path}: content")
            continue
        added = {line for line in content.splitlines() if line.startswith(b"mine")} - set(before.splitlines())
        lost += [f"{path}: line {line!r}" for line in added if line and line not in everything.splitlines()]
        if before_kind in {"file", "exec"} and kind != before_kind and result.get(path, (kind,))[0] != kind:
            lost.append(f"{path}: mode")
        removed = set(before.splitlines()) - set(content.splitlines())
        back = set(result.get(path, ("", b""))[1].splitlines())
        lost += [f"{path}: removed line {line!r} is back" for line in removed & back]
    for path in base.keys() - ours.keys() - reported:
        if path in result and path != "keep.txt":
            lost.append(f"{path}: deleted, and back")
    return lost


def clean(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
