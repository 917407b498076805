"""What Git knows before a promotion: the chain, the pins, the release records, good marks and holds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from idp.adapters import environments_repository as repository
from idp.adapters.environments_repository import Environments
from idp.domain.catalog import CatalogEntry, entry_path
from idp.domain.environment import CHAIN_PATH, Chain, parse_chain
from idp.domain.fleet import parse_entry
from idp.domain.gate import Unreadable
from idp.domain.good_mark import PREFIX, GoodMark, good_prefix, parse_good_mark
from idp.domain.hold import Hold, Lift, hold_prefix, lifted_prefix, parse_hold
from idp.domain.release import Pin, parse_pin, pin_path
from idp.domain.release_record import ReleaseRecord, parse_record, record_path
from idp.domain.service import validate_name
from idp.errors import UsageError, UserError

_CATALOG = "environments/catalog"
_PIN_DEPTH = 4
"""`environments/<environment>/<service>/release.env`."""


@dataclass(frozen=True)
class Marks:
    """What the tags say of services: good marks, and holds with the tags that lift some of them."""

    good: tuple[GoodMark, ...]
    holds: tuple[Hold | Lift, ...]


@dataclass(frozen=True)
class Pins:
    """Every release.env that was read, as bytes: one that is malformed harms nobody but who asks for it."""

    files: Mapping[str, bytes]

    def pin(self, environment: str, service: str) -> Pin | None:
        """What a service is pinned to, None if nothing.

        Raises:
            UserError: `release-env-invalid`, naming `path:line`.
        """
        path = str(pin_path(environment, service))
        return parse_pin(self.files[path], path) if path in self.files else None

    def content(self, environment: str, service: str) -> bytes | None:
        """The file itself."""
        return self.files.get(str(pin_path(environment, service)))


def chain(environments: Environments, commit: str) -> Chain:
    """The chain of environments at a commit.

    Raises:
        UserError: there is none, or it is not valid.
    """
    content = repository.read(environments, commit, [CHAIN_PATH]).get(CHAIN_PATH)
    if content is None:
        raise UserError(
            "environments-missing",
            f"{environments.source} has no {CHAIN_PATH}.",
            "Name a platform that has environments with --platform; `idp init` makes one.",
        )
    return parse_chain(content)


def pins(environments: Environments, commit: str, names: Iterable[str], services: Iterable[str]) -> Pins:
    """The pins of some services in some environments."""
    known = list(services)
    paths = [str(pin_path(name, service)) for name in names for service in known]
    return Pins(repository.read(environments, commit, paths))


def pinned_services(environments: Environments, commit: str, environment: str) -> list[str]:
    """The services that have a release.env in an environment, sorted."""
    listed = (
        path.split("/") for path in repository.listing(environments, commit, f"environments/{environment}")
    )
    found = (parts[2] for parts in listed if len(parts) == _PIN_DEPTH and parts[3] == "release.env")
    return sorted(filter(_is_name, found))


def _is_name(name: str) -> bool:
    try:
        validate_name(name)
    except UsageError:
        return False
    return True


def entry(environments: Environments, commit: str, service: str) -> CatalogEntry:
    """The catalog's entry of a service.

    Raises:
        UsageError: the name is none.
        UserError: the catalog has no such service, or its entry is not valid.
    """
    path = str(entry_path(service))
    content = repository.read(environments, commit, [path]).get(path)
    if content is None:
        names = [
            listed.rpartition("/")[2].removesuffix(".yaml")
            for listed in repository.listing(environments, commit, _CATALOG)
            if listed.endswith(".yaml")
        ]
        raise UserError(
            "service-unknown",
            f"The catalog of {environments.source} has no service {service[:60]!a}.",
            f"It has: {', '.join(names[:10]) or 'none'}. `idp create service` adds one.",
        )
    listed_entry = parse_entry(service, content)
    if listed_entry.entry is None:
        failure = listed_entry.failure
        raise UserError(failure.code, failure.message, failure.hint) if failure else AssertionError
    return listed_entry.entry


def record(environments: Environments, commit: str, service: str, version: str) -> ReleaseRecord | None:
    """The record of a release, None if there is none.

    Raises:
        UserError: the version is none, or the record is not valid.
    """
    path = str(record_path(service, version))
    content = repository.read(environments, commit, [path]).get(path)
    return None if content is None else parse_record(content, path)


def records(
    environments: Environments, commit: str, releases: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], ReleaseRecord | Unreadable]:
    """The records of (service, version) pairs that have one."""
    paths = {key: str(record_path(*key)) for key in releases}
    contents = repository.read(environments, commit, list(paths.values()))
    return {key: _readable(contents[path], path) for key, path in paths.items() if path in contents}


def _readable(content: bytes, path: str) -> ReleaseRecord | Unreadable:
    try:
        return parse_record(content, path)
    except UserError as error:
        return Unreadable(error.message)


def marks(environments: Environments, names: Sequence[str], services: Sequence[str]) -> Marks:
    """The good marks and holds of some services, in some environments.

    Raises:
        UserError: the clone is shallow, so that some may be missing.
    """
    if len(services) == 1:
        of = (good_prefix, hold_prefix, lifted_prefix)
        prefixes = [prefix(name, service) for service in services for name in names for prefix in of]
    else:
        prefixes = [PREFIX, "hold/", "lifted/"]
    found = repository.tags(environments, *prefixes)
    good = (parse_good_mark(tag.name, tag.message, tag.commit, tag.at) for tag in found)
    holds = (parse_hold(tag.name, tag.message, tag.by, tag.at) for tag in found)
    wanted = {(name, service) for name in names for service in services}
    return Marks(
        tuple(mark for mark in good if mark and (mark.environment, mark.service) in wanted),
        tuple(hold for hold in holds if hold and (hold.environment, hold.service) in wanted),
    )
