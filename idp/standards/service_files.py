"""Read a service's files: bounded in size and number, and never outside its folder."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from idp.core import process
from idp.core.errors import AdapterError, UserError
from idp.standards.rules.snapshot import Skipped, Snapshot, SourceFile


@dataclass(frozen=True)
class FileLimits:
    """What is read at most: bytes of one file, bytes altogether, number of files."""

    file_bytes: int = 2 * 1024 * 1024
    total_bytes: int = 64 * 1024 * 1024
    files: int = 5_000


_LEFT_OUT = frozenset(
    {
        ".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache",
        ".pytest_cache", ".tox", ".nox", ".gradle", ".idea", "target", "dist", "build", "htmlcov",
    }
)  # fmt: skip
# Settings of the folder's own repository must not start programs.
_SAFE_GIT = (
    "git",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
)
_INHERITED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")


def read_service_files(folder: Path, limits: FileLimits | None = None) -> Snapshot:
    """Read the files of a service: those that Git tracks or does not ignore, else all but build output.

    Raises:
        UserError: the path is not a folder or cannot be opened.
    """
    limits = limits or FileLimits()
    root = _folder(folder)
    tracked = _git_paths(root, "--cached")
    listed = _git_paths(root, "--cached", "--others", "--exclude-standard") if tracked is not None else None
    paths = sorted(listed) if listed is not None else _walk(root, limits.files + 1)
    files: dict[str, SourceFile] = {}
    skipped: list[Skipped] = []
    room = limits.total_bytes
    for path in paths:
        if len(files) >= limits.files or room <= 0:
            skipped.append(Skipped(path, "the limit of files or bytes is reached; nothing after it was read"))
            break
        content = _read(root, path, limits.file_bytes)
        if isinstance(content, Skipped):
            skipped.append(content)
        elif content is not None:
            files[path] = SourceFile(path, content)
            room -= len(content)
    return Snapshot(files, tuple(skipped), tracked)


def read_files(folder: Path, within: Iterable[str], pattern: str) -> list[SourceFile]:
    """The plain files of a few folders whose paths match; nothing below them is looked at.

    Args:
        folder: the service's or the platform's.
        within: folders in it, by their relative paths.
        pattern: a regular expression for a whole path, relative to the folder.
    """
    root, limits = folder.resolve(), FileLimits()
    names = (
        f"{inner}/{path.name}" if inner else path.name
        for inner in within
        if (root / inner).is_dir()
        for path in (root / inner).iterdir()
    )
    chosen = sorted(name for name in names if re.fullmatch(pattern, name))[: limits.files]
    contents = ((name, _read(root, name, limits.file_bytes)) for name in chosen)
    return [SourceFile(name, content) for name, content in contents if isinstance(content, bytes)]


def read_text(folder: Path, name: str) -> str | None:
    """One plain file of a service as text, None if it is not there; undecodable bytes are replaced.

    Raises:
        UserError: it is larger than what is read of a file, or cannot be read.
    """
    if not os.path.lexists(folder / name):
        return None
    content = _read(folder.resolve(), name, FileLimits().file_bytes)
    if isinstance(content, Skipped):
        raise UserError("file-unreadable", f"{folder / name}: {content.reason}.", "Make it a plain file.")
    return None if content is None else content.decode(errors="replace")


def _folder(folder: Path) -> Path:
    try:
        root = folder.resolve(strict=True)
        with os.scandir(root):
            return root
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(
            "folder-unreadable",
            f"{folder} is not a folder that can be read: {getattr(error, 'strerror', None) or error}.",
            "Give the path of a service's folder: idp check PATH.",
        ) from error


def _git_paths(root: Path, *options: str) -> frozenset[str] | None:
    """Paths relative to the folder as Git lists them, None outside of a work tree or without Git."""
    try:
        done = process.run([*_SAFE_GIT, "ls-files", "-z", *options], cwd=root, unset=_INHERITED, timeout=60)
    except AdapterError:
        return None
    if done.exit_code != 0:
        return None
    return frozenset(filter(None, done.stdout.split("\0")))


def _walk(root: Path, most: int) -> list[str]:
    found: list[str] = []
    for path in _files_below(root, root):
        found.append(path)
        if len(found) >= most:
            break
    return sorted(found)


def _files_below(root: Path, folder: Path) -> Iterator[str]:
    for current, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in sorted(names):
            yield (Path(current) / name).relative_to(root).as_posix()


def _read(root: Path, path: str, most: int) -> bytes | Skipped | None:
    """The file's bytes, why it was left out, or None where there is no such file (deleted, a submodule)."""
    if not path.isascii() and not _is_utf8(path):
        return Skipped(path, "its name is not UTF-8")
    try:
        place = root / path
        if place.is_symlink():
            place = place.resolve(strict=True)
        if not place.parent.resolve().is_relative_to(root):
            return Skipped(path, "it is a link out of the folder")
        # O_NONBLOCK: opening a named pipe must not wait for a writer.
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return Skipped(path, "it is a dangling link") if (root / path).is_symlink() else None
    except (OSError, RuntimeError, ValueError) as error:
        return Skipped(path, f"it cannot be opened ({type(error).__name__})")
    return _read_open(handle, path, most)


def _is_utf8(path: str) -> bool:
    """Whether a name came through decoding unharmed: no lone surrogate (os), no replacement (Git)."""
    return "\ufffd" not in path and not any("\ud800" <= char <= "\udfff" for char in path)


def _read_open(handle: int, path: str, most: int) -> bytes | Skipped | None:
    status = os.fstat(handle)
    if stat.S_ISDIR(status.st_mode):
        os.close(handle)
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(status.st_mode):
            return Skipped(path, "it is no regular file")
        if status.st_size > most:
            return Skipped(path, f"it is larger than {most // 1024} KiB")
        return file.read(most)
