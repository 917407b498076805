"""`idp init`: a platform repository of one's own, from the one that idp carries."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from idp import __version__
from idp.adapters import platforms
from idp.errors import UserError


@dataclass(frozen=True)
class Initialised:
    """A new platform repository, or with `dry_run` what it would hold."""

    path: Path
    version: str
    files: Sequence[str]
    identity_known: bool
    dry_run: bool


def init(destination: Path, *, dry_run: bool = False) -> Initialised:
    """Make a platform repository with one commit and one version tag.

    Args:
        destination: a folder that does not exist yet; its parents are made.
        dry_run: only list the files.

    Raises:
        UserError: the destination exists.
        AdapterError: it cannot be written.
    """
    folder = destination.expanduser().absolute()
    if folder.exists() or folder.is_symlink():
        raise UserError("destination-exists", f"{folder} exists.", "Choose a folder that does not exist yet.")
    files = platforms.content()
    known = True if dry_run else platforms.lay_out(folder)
    return Initialised(folder, f"v{__version__}", files, known, dry_run)
