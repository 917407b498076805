"""Find the platform that a command works with: the design's order, first hit wins."""

import os
from pathlib import Path

from idp.core.errors import UserError
from idp.core.settings_file import config_file
from idp.git import run as git
from idp.platform import store as platforms
from idp.platform.model import Candidate, Platform, first_named, looks_like_url, refuse_credentials

BUNDLED = "the copy that idp carries"


def find_platform(named: str | None, folder: Path) -> Platform:
    """The first of these that names a platform.

    `--platform`, `IDP_PLATFORM`, the enclosing checkout, the enclosing service's source, the user's settings
    file, the copy that the package carries.

    Args:
        named: what `--platform` says: a URL or a path.
        folder: where the user stands.

    Raises:
        UserError: a path that is named does not exist.
    """
    checkout = platforms.enclosing_checkout(folder)
    candidates = [
        Candidate("--platform", named),
        Candidate("IDP_PLATFORM", os.environ.get("IDP_PLATFORM")),
        Candidate("the enclosing platform checkout", str(checkout) if checkout else None),
        Candidate("the enclosing service's answers file", platforms.enclosing_service_source(folder)),
    ]
    found = first_named(candidates) or Candidate("the settings file", _from_settings())
    if found.source is None:
        return Platform(str(platforms.bundled_repository()), None, BUNDLED)
    return located(found.source, found.found_by, folder)


def _from_settings() -> str | None:
    if not config_file().exists():
        return None
    from idp.core import settings

    return settings.load().platform


def located(source: str, found_by: str, folder: Path) -> Platform:
    """The platform at an address.

    Args:
        source: a URL or a path.
        found_by: what named it, for messages.
        folder: what a relative path is relative to.

    Raises:
        UserError: the path is not a Git repository.
        UsageError: the URL has credentials in it.
    """
    if looks_like_url(source):
        return Platform(refuse_credentials(source), None, found_by)
    path = (folder / Path(source).expanduser()).resolve()
    if not git.is_repository(path):
        raise UserError(
            "platform-missing",
            f"{path} (from {found_by}) is no Git repository.",
            "Give the URL or path of a platform repository; `idp init DIR` makes one.",
        )
    return Platform(str(path), path if platforms.is_checkout(path) else None, found_by)
