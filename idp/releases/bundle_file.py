"""Puts a finished file where somebody wants it: whole or not at all, and never over another one."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from idp.core.errors import AdapterError, UserError


def put(path: Path, content: bytes) -> bool:
    """Write a new file.

    Returns:
        Whether it was written; False where it was there already with the same content.

    Raises:
        UserError: another file is there.
        AdapterError: the folder is missing or cannot be written.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as temporary:
            temporary.write(content)
        return _linked(Path(temporary.name), path, content)
    except OSError as error:
        raise AdapterError(
            "output-unwritable",
            f"{path} cannot be written: {error.strerror}.",
            "Give another --out, in a folder that exists.",
        ) from error


def _linked(temporary: Path, path: Path, content: bytes) -> bool:
    try:
        temporary.chmod(0o666 & ~_umask())
        os.link(temporary, path)  # unlike a rename, it never replaces
    except FileExistsError as error:
        if path.is_file() and path.read_bytes() == content:
            return False
        raise UserError(
            "destination-exists", f"{path} exists and is another file.", "Give another --out, or delete it."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    return True


def _umask() -> int:
    """A temporary file is its owner's alone; a bundle is for others too, as far as the user lets them."""
    present = os.umask(0o077)
    os.umask(present)
    return present
