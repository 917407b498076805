"""Find the environments that a command works with."""

import os
from pathlib import Path

from idp.core.errors import UserError
from idp.core.settings_file import config_file
from idp.environments import repository
from idp.environments.source import Environments
from idp.platform.find import BUNDLED, located
from idp.platform.model import Platform


def find_environments(platform: Platform) -> Environments:
    """Where the environments of a platform are: the repository of the settings, else the platform itself.

    Args:
        platform: what `find_platform` found.

    Raises:
        UserError: the only platform is the copy that idp carries, which has no environments to write to.
        AdapterError: the repository cannot be read.
    """
    named = _from_settings()
    if named is not None:
        return repository.locate(located(named, "`environments` in the settings", Path.cwd()))
    if platform.found_by == BUNDLED:
        raise UserError(
            "platform-missing",
            "No platform was named or found, so there are no environments.",
            "Name it with --platform or IDP_PLATFORM, or go to its folder; `idp init DIR` makes one.",
        )
    return repository.locate(platform)


def _from_settings() -> str | None:
    if "IDP_ENVIRONMENTS" not in os.environ and not config_file().exists():
        return None
    from idp.core import settings

    return settings.load().environments
