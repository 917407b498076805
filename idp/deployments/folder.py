"""The files that a deployment reads: a commit's `environments/`, in a folder whose path stays the same."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from idp.core.errors import AdapterError


def lay_out(source: str, environment: str, service: str, export: Callable[[Path], None]) -> Path:
    """Lay out files for one service; the caller holds that service's deployment lock.

    The path is stable and files that have not changed are left alone: running containers may mount them, and Compose
    compares their paths.

    Args:
        source: the address of the environments repository.
        environment: a validated name.
        service: a validated name.
        export: writes the files into the folder that it is given.

    Raises:
        AdapterError: the cache cannot be written.
    """
    from platformdirs import user_cache_path

    folder = user_cache_path("idp") / "deployments" / _key(source) / environment / service
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{service}-", dir=folder.parent) as temporary:
            export(Path(temporary))
            _follow(folder, Path(temporary))
    except OSError as error:
        reason = f"{folder} cannot be written: {error.strerror}."
        raise AdapterError("cache-unwritable", reason, "Set XDG_CACHE_HOME to a folder that can.") from error
    return folder


def _follow(folder: Path, fresh: Path) -> None:
    """Make a folder hold the same files as another, which is used up."""
    wanted = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            with suppress(OSError):  # it is not empty: something in it is wanted
                path.rmdir()
        elif path.relative_to(folder) not in wanted:
            path.unlink()
    for name in wanted:
        target = folder / name
        if not target.is_file() or target.read_bytes() != (fresh / name).read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).replace(target)


def remove(source: str) -> None:
    """Delete all that was laid out for an environments repository, where nothing of it runs any more."""
    from platformdirs import user_cache_path

    shutil.rmtree(user_cache_path("idp") / "deployments" / _key(source), ignore_errors=True)


def _key(source: str) -> str:
    return sha256(source.encode()).hexdigest()[:16]
