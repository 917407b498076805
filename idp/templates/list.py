"""`idp templates`: the platform's templates and their versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from idp.core.errors import AdapterError
from idp.platform.find import find_platform
from idp.platform.model import Platform
from idp.templates import copier as copier_templates
from idp.templates import store as template_store
from idp.templates import version as template_version
from idp.templates.store import TemplateSource


@dataclass(frozen=True)
class Template:
    """One template: the name for `--template`, and what it makes."""

    name: str
    description: str


@dataclass(frozen=True)
class Templates:
    """A platform's templates; `versions` are shared by all of them, newest first."""

    platform: str
    found_by: str
    newest: str | None
    versions: Sequence[str]
    templates: Sequence[Template]


def templates(*, platform: str | None = None) -> Templates:
    """What `idp create service --template` can take.

    Raises:
        AdapterError: the platform cannot be read or is none.
    """
    found = find_platform(platform, Path.cwd())
    template_store.forget_lookups()
    read = _read(found)
    tags = template_version.versions(template_store.tags(read.repository))
    newest = template_version.choose((version.tag for version in tags), None)
    offered = copier_templates.available(str(read.repository), newest or "HEAD")
    return Templates(
        platform=found.source,
        found_by=found.found_by,
        newest=newest,
        versions=[version.tag for version in tags],
        templates=[Template(name, label) for name, label in sorted(offered.items())],
    )


def _read(platform: Platform) -> TemplateSource:
    try:
        return template_store.of_platform(platform)
    except AdapterError:
        if not platform.is_local:
            raise
        return template_store.of_clone(platform)
