"""What Git knows before a promotion: the chain, the pins, the release records, good marks and holds."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from idp.core.errors import IdpError, UsageError, UserError
from idp.core.names import validate_service
from idp.environments import repository
from idp.environments.catalog import CatalogEntry, entry_path
from idp.environments.chain import CHAIN_PATH, Chain, parse_chain
from idp.environments.pin import Pin, parse_pin, pin_path
from idp.environments.repository import Environments, Tag
from idp.git import run as git
from idp.platform.model import Platform
from idp.releases.good_mark import PREFIX, GoodMark, UnnamedMark, good_prefix, named, parse_good_mark
from idp.releases.hold_mark import Hold, Lift, hold_prefix, lifted_prefix, parse_hold

if TYPE_CHECKING:
    from idp.releases.record import ReleaseRecord

_CATALOG = "environments/catalog"
_BY_HAND = "somebody who left no name"


@dataclass(frozen=True)
class Marks:
    """What the tags say of a service: good marks, and holds with the tags that lift some of them."""

    good: tuple[GoodMark, ...] = ()
    holds: tuple[Hold | Lift, ...] = ()


@dataclass(frozen=True)
class Known:
    """Some services at one commit. What is malformed is an error only for who asks for it.

    Attributes:
        files: path → content of their release.env files and catalog entries.
        marks: by service.
        read_chain: the chain if it was needed already.
        platform: has the catalog, if the environments lie in a repository of their own.
    """

    environments: Environments
    commit: str
    files: Mapping[str, bytes]
    marks: Mapping[str, Marks]
    read_chain: Chain | None = None
    platform: Platform | None = None

    @cached_property
    def chain(self) -> Chain:
        """The chain of environments; to parse it takes longer than most things.

        Raises:
            UserError: there is none, or it is not valid.
        """
        return self.read_chain or chain(self.environments, self.commit)

    def pin(self, environment: str, service: str) -> Pin | None:
        """What a service is pinned to, None if nothing.

        Raises:
            UserError: `release-env-invalid`, naming `path:line`.
        """
        path, content = str(pin_path(environment, service)), self.pin_file(environment, service)
        return None if content is None else parse_pin(content, path)

    def pin_file(self, environment: str, service: str) -> bytes | None:
        """The release.env itself, None if there is none."""
        return self.files.get(str(pin_path(environment, service)))

    def entry(self, service: str) -> CatalogEntry:
        """The catalog's entry of a service.

        Raises:
            UserError: the catalog has no such service, or its entry is not valid.
        """
        content = self.files.get(str(entry_path(service)))
        if content is None and self.platform is not None:
            from idp.environments import files as environment_files

            content = environment_files.read(self.platform).get(f"catalog/{service}.yaml")
        if content is None:
            raise _unknown(service, services(self.environments, self.commit), self.environments.source)
        from idp.environments.catalog import parse_entry

        listed = parse_entry(service, content)
        if listed.entry is None:
            failure = listed.failure
            raise UserError(failure.code, failure.message, failure.hint) if failure else AssertionError
        return listed.entry

    def marks_of(self, service: str) -> Marks:
        return self.marks.get(service, Marks())


def known(
    environments: Environments,
    commit: str,
    of: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    platform: Platform | None = None,
) -> Known:
    """Read what is known of some services.

    Args:
        environments: where.
        commit: at which; tags are as they are now.
        of: the services' names.
        names: in which environments; None: in those of the chain.
        platform: see `Known`.

    Raises:
        UsageError: a name is none.
        UserError: there is no valid chain, or the clone is shallow.
    """
    links = chain(environments, commit) if names is None else None
    within = links.names if links else names or ()
    paths = [str(entry_path(validate_service(service))) for service in of]
    paths += [str(pin_path(name, service)) for service in of for name in within]
    files = repository.read(environments, commit, paths)
    return Known(environments, commit, files, marks(environments, within, of), links, platform)


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


def services(environments: Environments, commit: str) -> list[str]:
    """The names in the catalog, sorted."""
    listed = repository.listing(environments, commit, _CATALOG)
    names = (
        path.removeprefix(f"{_CATALOG}/").removesuffix(".yaml") for path in listed if path.endswith(".yaml")
    )
    return sorted(filter(_is_name, names))


def _is_name(name: str) -> bool:
    try:
        validate_service(name)
    except UsageError:
        return False
    return True


def _unknown(service: str, names: Sequence[str], source: str) -> UserError:
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")  # noqa: PLR2004
    return UserError(
        "service-unknown",
        f"The catalog of {source} has no service {service[:60]!a}.",
        f"It has: {shown or 'none'}. `idp create service` adds one.",
    )


def record(environments: Environments, commit: str, service: str, version: str) -> "ReleaseRecord | None":
    """The record of a release, None if there is none.

    Raises:
        UserError: the version is none, or the record is not valid.
    """
    from idp.releases.record import parse_record, record_path

    path = str(record_path(service, version))
    content = repository.read(environments, commit, [path]).get(path)
    return None if content is None else parse_record(content, path)


def marks(environments: Environments, names: Sequence[str], of: Sequence[str]) -> dict[str, Marks]:
    """The good marks and holds of some services, in some environments: service → its.

    Raises:
        UserError: the clone is shallow, so that some may be missing.
    """
    kinds = (good_prefix, hold_prefix, lifted_prefix)
    few = [prefix(name, service) for service in of for name in names for prefix in kinds]
    found = repository.tags(environments, *(few if len(of) == 1 else [PREFIX, "hold/", "lifted/"]))
    good: dict[str, list[GoodMark]] = defaultdict(list)
    holds: dict[str, list[Hold | Lift]] = defaultdict(list)
    for mark in _good_marks(environments, names, found):
        good[mark.service].append(mark)
    for tag in found:
        hold = parse_hold(tag.name, tag.message, tag.by or _BY_HAND, tag.created)
        if hold and hold.environment in names:
            holds[hold.service].append(hold)
    return {service: Marks(tuple(good[service]), tuple(holds[service])) for service in of}


def _good_marks(environments: Environments, names: Sequence[str], found: Iterable[Tag]) -> Iterator[GoodMark]:
    marks = [mark for tag in found if (mark := parse_good_mark(tag.name, tag.message, tag.commit, tag.at))]
    here = [mark for mark in marks if mark.environment in names]
    asked: dict[UnnamedMark, str] = {}
    for mark in here:
        if isinstance(mark, UnnamedMark):
            with suppress(UsageError):  # a tag may name a service that is none
                asked[mark] = str(pin_path(mark.environment, mark.service))
    wanted = {f"{mark.commit}:{path}": f"{mark.commit}:{path}" for mark, path in asked.items()}
    contents = git.blobs(wanted, env=environments.env) if wanted else {}
    for mark in here:
        if isinstance(mark, GoodMark):
            yield mark
        elif mark in asked:
            content = contents.get(f"{mark.commit}:{asked[mark]}")
            pin = None
            if content is not None:
                with suppress(UserError):
                    pin = parse_pin(content, asked[mark])
            if found_mark := named(mark, pin):
                yield found_mark


def readable_records(
    environments: Environments, commit: str, releases: Sequence[tuple[str, str]]
) -> "dict[tuple[str, str], ReleaseRecord]":
    """The records of (service, version) pairs, of those that have one that can be read."""
    from idp.releases.record import parse_record, record_path

    paths = {}
    for key in releases:
        with suppress(IdpError):  # a tag may name a version that is none
            paths[key] = str(record_path(*key))
    contents = repository.read(environments, commit, list(paths.values()))
    found = {}
    for key, path in paths.items():
        with suppress(UserError):
            if path in contents:
                found[key] = parse_record(contents[path], path)
    return found
