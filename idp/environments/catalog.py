"""The catalog: one entry a service, one file an entry, so that two creations never conflict."""

from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

SCHEMA_VERSION = 1
ENTRY_MAX_BYTES = 65536
"""What is read of an entry; a longer one is refused."""


@dataclass(frozen=True)
class CatalogEntry:
    """What the platform knows of a service; `repository` is a Git URL or an absolute path."""

    name: str
    repository: str
    template: str
    template_version: str | None
    owner: str | None
    description: str | None


def entry_path(name: str) -> PurePosixPath:
    """Where an entry lies in the environments repository."""
    return PurePosixPath("environments/catalog") / f"{name}.yaml"


def entry_text(entry: CatalogEntry) -> str:
    """The entry as YAML; what is not known is left out."""
    import yaml

    fields = {"schema_version": SCHEMA_VERSION, **asdict(entry)}
    known = {key: value for key, value in fields.items() if value is not None}
    return yaml.safe_dump(known, sort_keys=False, allow_unicode=True, width=1000)


def sibling_repository(platform_origin: str | None, name: str, service: str) -> str:
    """Where a new service is expected to live: beside the platform's own remote, else its local folder.

    Args:
        platform_origin: URL of the platform's `origin` remote, if it has one.
        name: the service's name.
        service: absolute path of the service, used where there is no remote.
    """
    if platform_origin is None or not ("://" in platform_origin or "@" in platform_origin):
        return service
    separator = "/" if "/" in platform_origin else ":"
    return f"{platform_origin.rstrip('/').rpartition(separator)[0]}{separator}{name}.git"
