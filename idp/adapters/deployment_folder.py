"""The files that a deployment reads: a commit's `environments/`, in a folder whose path stays the same."""

import shutil
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from idp.errors import AdapterError


def lay_out(source: str, environment: str, service: str, export: Callable[[Path], None]) -> Path:
    """Lay out files for one service; the caller holds that service's deployment lock.

    The path is stable, since Compose compares the paths of what containers mount, and the folder stays afterwards,
    since containers may go on mounting files of it.

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
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{service}-", dir=folder.parent) as temporary:
            fresh = Path(temporary, "fresh")
            fresh.mkdir()
            export(fresh)
            if folder.exists():
                folder.rename(Path(temporary, "old"))
            fresh.rename(folder)
    except OSError as error:
        reason = f"{folder} cannot be written: {error.strerror}."
        raise AdapterError("cache-unwritable", reason, "Set XDG_CACHE_HOME to a folder that can.") from error
    return folder


def remove(source: str) -> None:
    """Delete all that was laid out for an environments repository, where nothing of it runs any more."""
    from platformdirs import user_cache_path

    shutil.rmtree(user_cache_path("idp") / "deployments" / _key(source), ignore_errors=True)


def _key(source: str) -> str:
    return sha256(source.encode()).hexdigest()[:16]
