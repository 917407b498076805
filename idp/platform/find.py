"""Find the platform that a command works with: the design's order, first hit wins."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from idp.core.errors import UserError
from idp.core.settings_file import config_file
from idp.git import run as git
from idp.platform import store as platforms
from idp.platform.model import Candidate, Platform, first_named, looks_like_url, refuse_credentials

if TYPE_CHECKING:
    from idp.environments.repository import Environments

_BUNDLED = "the copy that idp carries"


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
        return Platform(str(platforms.bundled_repository()), None, _BUNDLED)
    return _located(found.source, found.found_by, folder)


def find_environments(platform: Platform) -> "Environments":
    """Where the environments of a platform are: the repository of the settings, else the platform itself.

    Args:
        platform: what `find_platform` found.

    Raises:
        UserError: there is no platform but the one that idp carries, which is nobody's to write to.
        AdapterError: the repository cannot be read.
    """
    from idp.environments import repository as environments_repository

    named = _environments_from_settings()
    if named is not None:
        return environments_repository.locate(_located(named, "`environments` in the settings", Path.cwd()))
    if platform.found_by == _BUNDLED:
        raise UserError(
            "platform-missing",
            "No platform was named or found, so there are no environments.",
            "Name it with --platform or IDP_PLATFORM, or go to its folder; `idp init DIR` makes one.",
        )
    return environments_repository.locate(platform)


def _environments_from_settings() -> str | None:
    if "IDP_ENVIRONMENTS" not in os.environ and not config_file().exists():
        return None
    from idp.core import settings

    return settings.load().environments


def _from_settings() -> str | None:
    if not config_file().exists():
        return None
    from idp.core import settings

    return settings.load().platform


def _located(source: str, found_by: str, folder: Path) -> Platform:
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
