"""One deployment at a time per environment and service, on this machine. The kernel ends a lock with its process."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from idp.core.errors import AdapterError


@contextmanager
def locked(environment: str, service: str, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock while the block runs; wait for whoever has it, however long that takes.

    Args:
        environment: a validated name.
        service: a validated name.
        on_wait: called once, before waiting.

    Raises:
        AdapterError: the lock's folder cannot be written.
    """
    path = _path(environment, service)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("w")
    except OSError as error:
        raise _unwritable(path, error) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _path(environment: str, service: str) -> Path:
    from platformdirs import user_state_path

    return user_state_path("idp") / "deployments" / environment / f"{service}.lock"


def _unwritable(path: Path, error: OSError) -> AdapterError:
    return AdapterError(
        "state-unwritable",
        f"{path} cannot be written: {error.strerror}.",
        "Set XDG_STATE_HOME to a folder that can.",
    )


def forget(environment: str, service: str) -> None:
    """Delete a lock's file, where nothing deploys that service any more."""
    _path(environment, service).unlink(missing_ok=True)
