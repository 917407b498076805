"""A hold: a release barred from an environment, by version and by digest, until it is lifted."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from idp.core.names import validate_environment, validate_service
from idp.core.text import safe
from idp.environments.pin import Pin
from idp.environments.pin_values import DIGEST

_NAME = re.compile(
    r"(?P<kind>hold|lifted)/(?P<environment>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)"
    r"/(?P<version>[0-9A-Za-z.-]+)/(?P<number>[1-9][0-9]{0,8})"
)
_DIGEST = re.compile(rf"^Idp-Digest: ({DIGEST.pattern})$", re.MULTILINE)
_REASON = re.compile(r"^Idp-Reason: (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Hold:
    """One hold.

    Attributes:
        digest: the image's, `sha256:<64 hex>`; empty if the tag's message names none: then it bars by version alone.
        by: who set it; at: when, with a time zone.
        number: counts the holds of a version in an environment, from 1.
    """

    environment: str
    service: str
    version: str
    digest: str
    reason: str
    by: str
    at: datetime
    number: int


@dataclass(frozen=True)
class Lift:
    """The tag that ends the hold of the same number."""

    environment: str
    service: str
    version: str
    number: int
    by: str
    at: datetime


def hold_tag(environment: str, service: str, version: str, number: int) -> str:
    """`hold/<environment>/<service>/<version>/<number>`."""
    return f"{hold_prefix(environment, service)}{version}/{number}"


def lifted_tag(environment: str, service: str, version: str, number: int) -> str:
    """`lifted/<environment>/<service>/<version>/<number>`."""
    return f"{lifted_prefix(environment, service)}{version}/{number}"


def hold_prefix(environment: str, service: str) -> str:
    """What the names of all of a service's holds in an environment start with."""
    return f"hold/{validate_environment(environment)}/{validate_service(service)}/"


def lifted_prefix(environment: str, service: str) -> str:
    return f"lifted/{validate_environment(environment)}/{validate_service(service)}/"


def next_number(holds: Iterable[Hold], version: str) -> int:
    """The number of the next hold of a version.

    Args:
        holds: every hold of the service in the environment, lifted ones too.
        version: the release's.
    """
    return max((hold.number for hold in holds if hold.version == version), default=0) + 1


def hold_message(environment: str, service: str, pin: Pin, reason: str) -> str:
    """The tag's message; the reason, hostile text, stays on one line."""
    return (
        f"{service} {pin.version} is held from {environment}\n\n"
        f"Idp-Digest: {pin.digest}\nIdp-Reason: {_one_line(reason)}\n"
    )


def lifted_message(hold: Hold, reason: str) -> str:
    return f"{hold.service} {hold.version} may enter {hold.environment} again\n\nIdp-Reason: {_one_line(reason)}\n"


def parse_hold(name: str, message: str, by: str, at: datetime) -> Hold | Lift | None:
    """The hold, or its end, that a tag is; None for a tag of another kind.

    A hold whose message was tampered with still bars its version: it fails towards safety.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    place = (match["environment"], match["service"], match["version"])
    if match["kind"] == "lifted":
        return Lift(*place, int(match["number"]), by, at)
    digest, reason = _DIGEST.findall(message), _REASON.findall(message)
    return Hold(
        *place, digest[0] if digest else "", reason[0] if reason else "", by, at, int(match["number"])
    )


def active(tags: Iterable[Hold | Lift]) -> tuple[Hold, ...]:
    """The holds that no tag has lifted, by environment, service, version and number."""
    found = list(tags)
    lifted = {
        (each.environment, each.service, each.version, each.number)
        for each in found
        if isinstance(each, Lift)
    }
    holds = (each for each in found if isinstance(each, Hold))
    standing = (
        each for each in holds if (each.environment, each.service, each.version, each.number) not in lifted
    )
    return tuple(
        sorted(standing, key=lambda each: (each.environment, each.service, each.version, each.number))
    )


def barring(holds: Iterable[Hold], environment: str, service: str, pin: Pin) -> Hold | None:
    """The newest of the active holds that bars a release from an environment: by its version or by its digest."""
    found = [
        hold
        for hold in holds
        if (hold.environment, hold.service) == (environment, service)
        and (hold.version == pin.version or hold.digest == pin.digest)
    ]
    return max(found, key=lambda hold: (hold.at, hold.number), default=None)


def _one_line(text: str) -> str:
    return safe(" ".join(text.split()))[:500]
