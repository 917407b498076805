"""Find the environments that a command works with."""

import os
from pathlib import Path

from idp.core.errors import UserError
from idp.core.settings_file import config_file
from idp.environments import files as environment_files
from idp.environments import repository
from idp.environments.source import Environments
from idp.platform.find import is_bundled, located
from idp.platform.model import Platform

_SETTING = "`environments` in the settings"


def find_environments(platform: Platform) -> Environments:
    """Where the environments of a platform are: the repository of the settings, else the platform itself.

    Args:
        platform: what `find_platform` found.

    Raises:
        UserError: there is no platform but the one that idp carries, which is nobody's to write to.
        AdapterError: the repository cannot be read.
    """
    holder = environments_platform(platform)
    if is_bundled(holder):
        raise UserError(
            "platform-missing",
            "No platform was named or found, so there are no environments.",
            "Name it with --platform or IDP_PLATFORM, or go to its folder; `idp init DIR` makes one.",
        )
    return repository.locate(holder)


def environments_platform(platform: Platform) -> Platform:
    """The repository that holds a platform's environments: the one of the settings, else the platform itself."""
    named = _environments_from_settings()
    return platform if named is None else located(named, _SETTING, Path.cwd())


def fleet_files(platform: Platform, *, fetch: bool) -> dict[str, bytes]:
    """What `files_of` reads, of the platform and of the repository that the settings name.

    Args:
        platform: what `find_platform` found.
        fetch: ask the remotes first.
    """
    files = environment_files.read(platform, fetch=fetch)
    holder = environments_platform(platform)
    return files if holder is platform else {**files, **environment_files.read(holder, fetch=fetch)}


def _environments_from_settings() -> str | None:
    if "IDP_ENVIRONMENTS" not in os.environ and not config_file().exists():
        return None
    from idp.core import settings

    return settings.load().environments
