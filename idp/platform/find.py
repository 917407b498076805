"""Find the platform that a command works with: the design's order, first hit wins."""

import os
from contextlib import suppress
from pathlib import Path

from idp.core.errors import UserError
from idp.core.settings_file import config_file
from idp.forges.addresses import local_path
from idp.git import refs as repository_refs
from idp.git import run as git
from idp.platform import store as platforms
from idp.platform.address import for_copier, is_machine_local, same_repository, without_credentials
from idp.platform.model import Candidate, Platform, first_named, looks_like_url, refuse_credentials

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
    candidates = [*_named(named), *_enclosing(folder)]
    recorded = platforms.enclosing_service_source(folder)
    if first_named(candidates) is None and recorded is not None:
        candidates.append(Candidate("the enclosing service's answers file", recorded))
        preferred = _from_settings()
        if preferred is not None and _replaces(preferred, recorded, folder):
            candidates.pop()
    found = first_named(candidates) or Candidate("the settings file", _from_settings())
    if found.source is None:
        return bundled_platform()
    return located(found.source, found.found_by, folder)


def bundled_platform() -> Platform:
    """The copy that the package carries."""
    return Platform(str(platforms.bundled_repository()), None, _BUNDLED)


def is_bundled(platform: Platform) -> bool:
    return platform.found_by == _BUNDLED


def named_platform(named: str | None, folder: Path) -> Platform | None:
    """The platform that `--platform` or `IDP_PLATFORM` names, None if neither does.

    Raises:
        UserError: a path that is named does not exist.
    """
    found = first_named(_named(named))
    return located(str(found.source), found.found_by, folder) if found else None


def usual_platform(folder: Path) -> Platform | None:
    """The enclosing checkout, else that of the settings file: the user's own, whatever a service records."""
    found = first_named([*_enclosing(folder), Candidate("the settings file", _from_settings())])
    if found is None:
        return None
    with suppress(UserError):  # nobody has named it: whoever needs it says what is missing
        return located(str(found.source), found.found_by, folder)
    return None


def recorded_platform(source: str) -> Platform | None:
    """The repository at a path that answers record, None if there is none on this machine."""
    path = Path(source)
    if not path.is_absolute() or not git.is_repository(path):
        return None
    return located(source, "the answers file", path)


def _named(named: str | None) -> list[Candidate]:
    return [Candidate("--platform", named), Candidate("IDP_PLATFORM", os.environ.get("IDP_PLATFORM"))]


def _enclosing(folder: Path) -> list[Candidate]:
    checkout = platforms.enclosing_checkout(folder)
    return [Candidate("the enclosing platform checkout", str(checkout) if checkout else None)]


def _replaces(preferred: str, recorded: str, folder: Path) -> bool:
    """Whether the settings' platform is used for what a service records: a path of another machine, or the same one."""
    if is_machine_local(recorded):
        return recorded_platform(recorded) is None
    return same_repository(located(preferred, "the settings file", folder).address, recorded)


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
        return Platform(for_copier(refuse_credentials(source)), None, found_by)
    path = (folder / Path(source).expanduser()).resolve()
    if not git.is_repository(path):
        path = platforms.enclosing_checkout(path) or path
    if not git.is_repository(path):
        raise UserError(
            "platform-missing",
            f"{path} (from {found_by}) is not a Git repository on this machine.",
            "Name the platform: --platform URL or IDP_PLATFORM=URL; `idp init DIR` makes one.",
        )
    return Platform(str(path), path if platforms.is_checkout(path) else None, found_by, _origin(path))


def _origin(repository: Path) -> str | None:
    """The address of a clone's remote as others can use it; None where there is no remote."""
    written = None if repository_refs.is_bare(repository) else git.origin_address(repository)
    if written is None:
        return None
    path = local_path(written)
    if path is None:
        return for_copier(without_credentials(written))
    return str((repository / path.expanduser()).resolve())
