"""What the fleet's table says of each service, worked out from text that is at hand."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from packaging.version import InvalidVersion, Version

from idp.core.errors import Failure

_RELEASE = re.compile(rb"^\s*RELEASE_VERSION\s*=\s*[\"']?([^\s\"'#]{1,63})", re.MULTILINE)
_PIN = "release.env"


@dataclass(frozen=True)
class ServiceStatus:
    """One service.

    Attributes:
        version: the template version that its default branch records; the catalog's where that is not known.
        behind: how many releases of the template are newer; None where that is not known.
        drift: how many of the template's files it has edited or deleted; None where not known.
        open_update: the newest version that an update branch waits with.
        releases: environment → version of the release there, environments with one only.
        failure: why less is known than could be.
    """

    name: str
    owner: str | None = None
    template: str | None = None
    version: str | None = None
    behind: int | None = None
    drift: int | None = None
    open_update: str | None = None
    releases: Mapping[str, str] | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class FleetStatus:
    """The fleet's table, sorted by name; `environments` in the chain's order."""

    platform: str
    environments: Sequence[str]
    services: Sequence[ServiceStatus]


def releases(service: str, environments: Iterable[str], files: Mapping[str, bytes]) -> dict[str, str]:
    """Environment → version of the release pinned there. Lenient: this is for the eye, nothing is deployed by it."""
    found = {name: _RELEASE.search(files.get(f"{name}/{service}/{_PIN}", b"")) for name in environments}
    return {name: match[1].decode(errors="replace") for name, match in found.items() if match}


def behind(version: str | None, tags: Sequence[str]) -> int | None:
    """How many releases among a template's versions are newer than the recorded one.

    Args:
        version: a tag, or Git's description of a commit after one; None if the service has none.
        tags: the template's versions.
    """
    recorded = _version((version or "").partition("-")[0])
    if recorded is None or not tags:
        return None
    parsed = (_version(tag) for tag in tags)
    return sum(one is not None and not one.is_prerelease and one > recorded for one in parsed)


def open_update(version: str | None, waiting: Iterable[str]) -> str | None:
    """The newest of the versions that wait, if it is newer than the recorded one."""
    parsed = [(one, name) for name in waiting if (one := _version(name.partition("-")[0]))]
    recorded = _version((version or "").partition("-")[0])
    newer = [pair for pair in parsed if recorded is None or pair[0] > recorded]
    return max(newer)[1] if newer else None


@cache
def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
