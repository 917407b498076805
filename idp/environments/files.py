"""The platform's `environments/` as its remote's default branch has it; without a remote, as the work tree has it."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from idp.core import yaml
from idp.core.errors import AdapterError
from idp.environments import source as environments_source
from idp.environments.catalog import ENTRY_MAX_BYTES
from idp.git import refs as repository_refs
from idp.git import run as git
from idp.platform.model import Platform
from idp.templates import store as template_store

FOLDER = "environments"


def read(platform: Platform, *, fetch: bool = False) -> dict[str, bytes]:
    """The catalog's entries, the chain and every release pin: path below `environments/` → content.

    Symlinks and anything that is no plain file are left out; content is cut after what an entry may hold.

    Args:
        platform: which.
        fetch: ask its remote first; otherwise it is as this machine last saw it.

    Raises:
        AdapterError: a platform that is no work tree here cannot be read.
    """
    if platform.origin is not None:
        if fetch:
            found = environments_source.find(platform)
            return _of_repository(found.git_dir, found.ref)
        seen = environments_source.last_seen(platform)
        if seen is not None:
            return _of_repository(*seen)
    if platform.checkout is not None:
        return dict(_of_work_tree(platform.checkout / FOLDER))
    repository = None if fetch else template_store.known_repository(platform.source)
    return _of_repository(repository or template_store.locate(platform.source))


def _of_work_tree(root: Path) -> Iterator[tuple[str, bytes]]:
    chain = _content(f"{root}/environments.yaml")
    if chain is not None:
        yield "environments.yaml", chain
    for entry in _entries(str(root)):
        if entry.name == "catalog":
            yield from _catalog(entry.path)
        elif entry.is_dir(follow_symlinks=False):
            yield from _pins(entry)


def _catalog(folder: str) -> Iterator[tuple[str, bytes]]:
    for entry in _entries(folder):
        if entry.name.endswith(".yaml") and (content := _content(entry.path)) is not None:
            yield f"catalog/{entry.name}", content


def _pins(environment: "os.DirEntry[str]") -> Iterator[tuple[str, bytes]]:
    for service in _entries(environment.path):
        content = _content(f"{service.path}/release.env") if service.is_dir(follow_symlinks=False) else None
        if content is not None:
            yield f"{environment.name}/{service.name}/release.env", content


def _entries(folder: str) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError:
        return []


def _content(path: str) -> bytes | None:
    """A plain file's bytes. Neither a symlink nor a pipe that would be waited for is opened."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(handle, ENTRY_MAX_BYTES + 1) if stat.S_ISREG(os.fstat(handle).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(handle)


def _of_repository(repository: Path, revision: str = "HEAD") -> dict[str, bytes]:
    folder = repository_refs.git_dir(repository)
    if folder is None:
        raise AdapterError(
            "platform-missing", f"{repository} is no Git repository.", "Give another --platform."
        )
    env = {"GIT_DIR": str(folder)}
    if git.call("cat-file", "-e", f"{revision}:{FOLDER}", env=env).exit_code != 0:
        return {}
    listed = git.output("ls-tree", "-r", "-l", "-z", f"{revision}:{FOLDER}", env=env)
    wanted = dict(_wanted(listed))
    asked = "".join(f"{name}\n" for name in wanted.values())
    output = git.output("cat-file", "--batch", env=env, stdin=asked).encode(errors="surrogateescape")
    return _split(wanted, output + b"\n")


def _wanted(listed: str) -> Iterator[tuple[str, str]]:
    for line in filter(None, listed.split("\0")):
        meta, _, path = line.partition("\t")
        mode, _, name, size = meta.split()
        known = path == "environments.yaml" or path.endswith("/release.env") or path.startswith("catalog/")
        if known and mode.startswith("100") and size.isdigit() and int(size) <= ENTRY_MAX_BYTES:
            yield path, name


def _split(wanted: Mapping[str, str], output: bytes) -> dict[str, bytes]:
    found, position = {}, 0
    for path in wanted:
        end = output.index(b"\n", position)
        size = int(output[position:end].rpartition(b" ")[2])
        found[path] = output[end + 1 : end + 1 + size]
        position = end + 1 + size + 1
    return found


def environment_names(files: Mapping[str, bytes]) -> list[str]:
    """The environments in order: as `environments.yaml` lists them, and others with a pin after them by name.

    Args:
        files: path below `environments/` → content.
    """
    pinned = {path.partition("/")[0] for path in files if path.endswith("/release.env")}
    named = _named(files.get("environments.yaml", b""))
    return [*named, *sorted(pinned - set(named))]


def _named(text: bytes) -> list[str]:
    """The names under `environments:`, a list of names, a list of mappings with a `name`, or a mapping by name."""
    try:
        content = yaml.load_plain(text)
    except ValueError:
        return []
    listed = content.get("environments") if isinstance(content, dict) else None
    if not isinstance(listed, list | dict):
        return []
    names = [item.get("name") if isinstance(item, dict) else item for item in listed]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))
