"""The overlay of a service where an environment has none yet."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from idp.core.errors import UserError
from idp.environments import overlay, overlay_files
from idp.environments import repository as environments_repository
from idp.environments.overlay_files import OverlayTemplate
from idp.environments.repository import Environments
from idp.platform.model import Platform
from idp.templates import store as template_store

_ENTRANCES = frozenset({"compose.yaml", "kustomization.yaml"})


def overlay_missing(
    platform: Platform, environments: Environments, commit: str, service: str, names: Iterable[str]
) -> dict[PurePosixPath, bytes]:
    """The files that the overlays of a service lack; none where an engine can read what there is.

    Args:
        platform: whose template renders them.
        environments: where they belong.
        commit: the state of `environments` to look at.
        service: its name.
        names: the environments.

    Raises:
        UserError: the platform has no overlay template.
    """
    lacking: list[str] = []
    present: set[str] = set()
    for name in names:
        found = environments_repository.listing(environments, commit, overlay.folder(name, service))
        present |= set(found)
        if not _ENTRANCES & {PurePosixPath(path).name for path in found}:
            lacking.append(name)
    if not lacking:
        return {}
    template = overlay_template(platform, environments, commit)
    files = overlay_files.service_files(template, service, lacking)
    return {path: content for path, content in files.items() if str(path) not in present}


def overlay_template(platform: Platform, environments: Environments, commit: str) -> OverlayTemplate:
    """The template that the environments' own repository has, else the platform's.

    Raises:
        UserError: neither has one.
    """
    found = overlay_files.template(environments.git_dir, commit)
    if found is None:
        repository = Path(platform.source) if platform.is_local else template_store.locate(platform.source)
        found = overlay_files.template(repository)
    if found is None:
        raise UserError(
            "overlay-template-missing",
            f"The platform {platform.source} has no {overlay_files.TEMPLATE}.",
            "Take that folder and `environments/` over from a newer platform: `idp init DIR` makes one to copy from.",
        )
    return found
