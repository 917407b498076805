"""`idp init`: a platform repository of one's own, from the one that idp carries."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from idp import __version__
from idp.core.errors import UsageError, UserError
from idp.platform import store as platforms

_REPOSITORY = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}/[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True)
class Initialised:
    """A new platform repository, or with `dry_run` what it would hold."""

    path: Path
    version: str
    files: Sequence[str]
    identity_known: bool
    dry_run: bool


def init(destination: Path, *, repository: str | None = None, dry_run: bool = False) -> Initialised:
    """Make a platform repository with one commit and one version tag.

    Args:
        destination: a folder that does not exist yet; its parents are made.
        repository: `org/repo` that it will have on GitHub; None leaves a placeholder.
        dry_run: only list the files.

    Raises:
        UsageError: `repository` is no `org/repo`.
        UserError: the destination exists.
        AdapterError: it cannot be written.
    """
    if repository is not None and _REPOSITORY.fullmatch(repository) is None:
        raise UsageError(
            "repository-invalid",
            f"{repository!a} is no GitHub repository.",
            "Write --repository org/repo.",
        )
    folder = destination.expanduser().absolute()
    if folder.exists() or folder.is_symlink():
        raise UserError("destination-exists", f"{folder} exists.", "Choose a folder that does not exist yet.")
    files = platforms.content()
    known = True if dry_run else platforms.lay_out(folder, repository or platforms.PLACEHOLDER)
    return Initialised(folder, f"v{__version__}", files, known, dry_run)
