"""A repository's references, read as the files that Git keeps them in: no process, so a thousand cost nothing."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from idp.git import run as git

_HEADS = "refs/heads/"
_OBJECT_NAME = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class References:
    """What a repository's default branch and update branches are.

    Attributes:
        git_dir: the folder that holds objects and references.
        branch: the default branch; None where HEAD names no branch.
        commit: its tip; None where it has no commit yet.
        matching: the other branches asked for → their tips.
    """

    git_dir: Path
    branch: str | None
    commit: str | None
    matching: Mapping[str, str]


def git_dir(repository: Path) -> Path | None:
    """The folder with objects and references: of a bare repository, a work tree, or a linked one; else None."""
    if (repository / "objects").is_dir() and (repository / "HEAD").is_file():
        return repository
    inner = repository / ".git"
    if (inner / "objects").is_dir():
        return inner
    return _linked(inner)


def is_bare(repository: Path) -> bool:
    """Whether a repository has no work tree."""
    return not os.path.lexists(repository / ".git")


def _linked(file: Path) -> Path | None:
    """`.git` of a linked work tree or a submodule is a file that names the real folder."""
    text = _read(file)
    if text is None or not text.startswith("gitdir: "):
        return None
    folder = file.parent / text.removeprefix("gitdir: ").strip()
    common = _read(folder / "commondir")
    found = folder / common.strip() if common else folder
    return found if (found / "objects").is_dir() else None


def read(folder: Path, prefix: str) -> References:
    """The default branch and the branches that start so.

    Args:
        folder: what `git_dir` gave.
        prefix: such as `idp/update-`.
    """
    if (folder / "reftable").is_dir():
        return _asked(folder, prefix)
    head = (_read(folder / "HEAD") or "").strip()
    branch = head.removeprefix(f"ref: {_HEADS}") if head.startswith(f"ref: {_HEADS}") else None
    packed = _packed(folder / "packed-refs", branch, prefix)
    loose = _loose(folder, prefix)
    tip = _name(_read(folder / _HEADS / branch)) or packed.pop(branch, None) if branch else None
    return References(folder, branch, tip, {**packed, **loose})


def _packed(file: Path, branch: str | None, prefix: str) -> dict[str, str]:
    text = _read(file)
    if not text:
        return {}
    found = {}
    wanted = f" {_HEADS}{prefix}", f" {_HEADS}{branch}"
    for line in text.splitlines():
        if line.endswith(wanted[1]) or wanted[0] in line:
            name, _, ref = line.partition(" ")
            short = ref.removeprefix(_HEADS)
            if _name(name) and (short == branch or short.startswith(prefix)):
                found[short] = name
    return found


def _loose(folder: Path, prefix: str) -> dict[str, str]:
    parent, _, start = prefix.rpartition("/")
    found = {}
    try:
        for path in (folder / _HEADS / parent).iterdir():
            name = _name(_read(path)) if path.name.startswith(start) else None
            if name:
                found[f"{parent}/{path.name}" if parent else path.name] = name
    except OSError:
        return {}
    return found


def _asked(folder: Path, prefix: str) -> References:
    """As `read`, where references are kept in a format of which only Git knows."""
    env = {"GIT_DIR": str(folder)}
    head = git.call("symbolic-ref", "--quiet", "--short", "HEAD", env=env).stdout.strip() or None
    listed = git.output("for-each-ref", "--format=%(objectname) %(refname)", _HEADS, env=env)
    tips = {
        ref.removeprefix(_HEADS): name
        for name, _, ref in (line.partition(" ") for line in listed.splitlines())
    }
    matching = {ref: name for ref, name in tips.items() if ref.startswith(prefix)}
    return References(folder, head, tips.get(head or ""), matching)


def tags(folder: Path) -> list[str]:
    """The names of a repository's tags."""
    if (folder / "reftable").is_dir():
        return git.output("tag", "--list", env={"GIT_DIR": str(folder)}).splitlines()
    start = "refs/tags/"
    packed = (line.partition(" ")[2] for line in (_read(folder / "packed-refs") or "").splitlines())
    found = {ref.removeprefix(start) for ref in packed if ref.startswith(start)}
    loose = folder / start
    found.update(path.relative_to(loose).as_posix() for path in loose.rglob("*") if path.is_file())
    return sorted(found)


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None


def _name(text: str | None) -> str | None:
    stripped = text.strip() if text else ""
    return stripped if _OBJECT_NAME.fullmatch(stripped) else None
