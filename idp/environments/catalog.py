"""The catalog: one entry a service, one file an entry, so that two creations never conflict."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from idp.core import yaml
from idp.core.errors import Failure, IdpError, UserError
from idp.core.names import validate_service
from idp.git.addresses import validate_repository
from idp.platform.address import expanded, is_machine_local

SCHEMA_VERSION = 1
NO_TEMPLATE = "none"
"""Stands for the template of a service that none made."""
ENTRY_MAX_BYTES = 65536
"""What is read of an entry; a longer one is refused."""


@dataclass(frozen=True)
class CatalogEntry:
    """What the platform knows of a service.

    Attributes:
        repository: a Git URL or an absolute path.
        template: the template's name, or `none` for a service that no template made.
        template_version: of the template, when the service was registered.
    """

    name: str
    repository: str
    template: str
    template_version: str | None
    owner: str | None
    description: str | None

    @property
    def has_template(self) -> bool:
        return self.template != NO_TEMPLATE


def entry_path(name: str) -> PurePosixPath:
    """Where an entry lies in the environments repository."""
    return PurePosixPath("environments/catalog") / f"{name}.yaml"


def entry_text(entry: CatalogEntry) -> str:
    """The entry as YAML; what is not known is left out."""
    import yaml

    fields = {"schema_version": SCHEMA_VERSION, **asdict(entry)}
    known = {key: value for key, value in fields.items() if value is not None}
    return yaml.safe_dump(known, sort_keys=False, allow_unicode=True, width=1000)


def sibling_repository(platform: str, name: str, service: str) -> str:
    """Where a new service is expected to live: beside the platform's own remote, else its local folder.

    Args:
        platform: the platform's address: a URL, a bare repository's path (`….git`), or any other path.
        name: the service's name.
        service: absolute path of the service, used where the platform has no remote.
    """
    address = expanded(platform)
    if is_machine_local(address) and not address.endswith(".git"):
        return service
    separator = "/" if "/" in address else ":"
    return f"{address.rstrip('/').rpartition(separator)[0]}{separator}{name}.git"


@dataclass(frozen=True)
class Listed:
    """One file of the catalog: its entry, or why it has none. `name` is the file's, without `.yaml`."""

    name: str
    entry: CatalogEntry | None
    failure: Failure | None = None

    @property
    def fields(self) -> dict[str, str | None]:
        """What `--select` looks at; of an unreadable entry only the name is known."""
        entry = self.entry
        if entry is None:
            return {"name": self.name}
        return {
            "name": entry.name,
            "template": entry.template,
            "template_version": entry.template_version,
            "owner": entry.owner,
            "repository": entry.repository,
        }


def parse_entry(name: str, text: bytes) -> Listed:
    """Read one file of the catalog; whatever is wrong with it is this service's failure alone.

    Args:
        name: the file's, without `.yaml`.
        text: its content.
    """
    try:
        return Listed(name, _entry(name, text))
    except UserError as error:
        return Listed(name, None, Failure.of(error))
    except IdpError as error:  # a usage error about the name: here it is the file's
        return Listed(name, None, Failure("catalog-entry-invalid", error.message, error.hint))


def _entry(name: str, text: bytes) -> CatalogEntry:
    content = _mapping(name, text)
    fields: dict[str, Any] = {key: _text(name, content, key) for key in CatalogEntry.__dataclass_fields__}
    if fields["name"] != name:
        raise _invalid(name, f"names the service {ascii(fields['name'])[:60]}")
    validate_service(name)
    for key in ("repository", "template"):
        if not fields[key]:
            raise _invalid(name, f"has no `{key}`")
    validate_repository(name, fields["repository"])
    return CatalogEntry(**fields)


def _mapping(name: str, text: bytes) -> Mapping[str, Any]:
    if len(text) > ENTRY_MAX_BYTES:
        raise _invalid(name, f"is larger than {ENTRY_MAX_BYTES} bytes")
    try:
        content = yaml.load_plain(text)
    except ValueError as error:
        raise _invalid(name, "is no valid YAML") from error
    if not isinstance(content, dict):
        raise _invalid(name, "is no YAML mapping")
    return content


def _text(name: str, content: Mapping[str, Any], key: str) -> str | None:
    value = content.get(key)
    if value is not None and not isinstance(value, str):
        raise _invalid(name, f"has a `{key}` that is no text")
    return value


def _invalid(name: str, why: str) -> UserError:
    return UserError(
        "catalog-entry-invalid",
        f"environments/catalog/{ascii(name)[1:-1][:60]}.yaml {why}.",
        "Correct the file: name (as the file's), repository (Git URL or absolute path), template, owner.",
    )
