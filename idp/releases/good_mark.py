"""A good mark: the tag that says a deployed release was verified in an environment."""

import re
from dataclasses import dataclass
from datetime import datetime

from idp.core.names import validate_environment, validate_service
from idp.environments.pin import Pin
from idp.environments.pin_values import DIGEST

PREFIX = "good/"
_NAME = re.compile(r"good/(?P<environment>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)/(?P<version>[0-9A-Za-z.-]+)")
_DIGEST = re.compile(rf"^Idp-Digest: ({DIGEST.pattern})$", re.MULTILINE)


@dataclass(frozen=True)
class GoodMark:
    """One mark.

    Attributes:
        digest: the image's, `sha256:<64 hex>`, as the tag's message says; where it says nothing, as the commit does.
        commit: the commit of the environments repository that was deployed.
        at: when the mark was set, with a time zone; None where the tag does not say (a lightweight one).
    """

    environment: str
    service: str
    version: str
    digest: str
    commit: str
    at: datetime | None


def good_tag(environment: str, service: str, version: str) -> str:
    """`good/<environment>/<service>/<version>`."""
    return f"{good_prefix(environment, service)}{version}"


def good_prefix(environment: str, service: str) -> str:
    """What the names of all of a service's good marks in an environment start with."""
    return f"{PREFIX}{validate_environment(environment)}/{validate_service(service)}/"


def good_message(environment: str, service: str, pin: Pin) -> str:
    """The tag's message; its trailers carry what the tag's name does not."""
    return (
        f"{service} {pin.version} is good in {environment}\n\n"
        f"Idp-Digest: {pin.digest}\nIdp-Revision: {pin.revision}\n"
    )


@dataclass(frozen=True)
class UnnamedMark:
    """A mark whose tag, made by hand, does not say which image: its commit's release.env does."""

    environment: str
    service: str
    version: str
    commit: str
    at: datetime | None


def parse_good_mark(
    name: str, message: str, commit: str, at: datetime | None
) -> GoodMark | UnnamedMark | None:
    """The mark that a tag is; None for a tag of another kind, or one that contradicts itself."""
    match, digests = _NAME.fullmatch(name), _DIGEST.findall(message)
    if match is None or len(digests) > 1:
        return None
    place = (match["environment"], match["service"], match["version"])
    return GoodMark(*place, digests[0], commit, at) if digests else UnnamedMark(*place, commit, at)


def named(mark: UnnamedMark, pin: Pin | None) -> GoodMark | None:
    """The mark with the image that its commit pins; None if the commit pins another release, or none."""
    if pin is None or pin.version != mark.version:
        return None
    return GoodMark(mark.environment, mark.service, mark.version, pin.digest, mark.commit, mark.at)
