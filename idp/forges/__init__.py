"""Where pull requests live: on a GitHub, or in a Git repository on this machine."""

import os
from functools import cache
from typing import TYPE_CHECKING

from idp.forges.addresses import hosted, local_path

if TYPE_CHECKING:
    from idp.forges.base import Forge
    from idp.forges.github.settings import GitHubSettings


def forge_for(repository: str, settings: "GitHubSettings | None" = None) -> "Forge":
    """The forge that a repository's address belongs to.

    The same settings give the same forge object, so that all requests of a process share its connections
    and pauses.

    Args:
        repository: URL or path; a path or a `file://` URL is a repository on this machine.
        settings: the GitHub server and its credentials; None reads them from the environment.

    Raises:
        UserError: no such address, another host than the GitHub that is set up, or no credentials for it.
    """
    if local_path(repository) is not None:
        from idp.forges.local.forge import LocalForge

        return LocalForge()
    hosted(repository)
    from idp.forges.github.settings import from_environment

    return _github(settings or from_environment(os.environ))


@cache
def _github(settings: "GitHubSettings") -> "Forge":
    from idp.forges.github.forge import GitHubForge

    return GitHubForge(settings)
