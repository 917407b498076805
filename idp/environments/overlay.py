"""An overlay: the files of one service in one environment, and what both engines must read alike in them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from idp.core.errors import UsageError
from idp.core.names import environment_fault, validate_environment, validate_service
from idp.environments.pin import Fault, Pin

ROOT = PurePosixPath("environments")
PIN_FILE = "release.env"
CONFIG_FILE = "config.env"
SET_FOR_THE_SERVICE = frozenset({"SERVICE_NAME", "SERVICE_VERSION", "ENVIRONMENT", "HOST", "PORT"})
"""What a service is told by its environment; config.env could not change it."""
CONTAINER = "app"
"""The service's own container and Compose service; others may stand beside it."""

_MAX_BYTES = 262_144
_LINE_MAX_BYTES = 60_000
_YAML_WORDS = frozenset({"null", "true", "false"})
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


@dataclass(frozen=True)
class OverlayFault:
    """What is wrong with a file of an overlay; `line` counts from 1, None where no line is to blame."""

    path: str
    line: int | None
    reason: str

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.reason}"


def folder(environment: str, service: str) -> PurePosixPath:
    """Where an overlay lies in the environments repository.

    Raises:
        UsageError: one of the names is none, or the service's could not be that of a Kubernetes object.
    """
    if service in _YAML_WORDS:
        raise UsageError(
            "name-reserved",
            f"`{service}` is a word of YAML, which Kustomize writes as a value that is no name.",
            f"Choose a name such as my-{service}.",
        )
    return ROOT / validate_environment(environment) / validate_service(service)


def environment_folder(environment: str) -> PurePosixPath:
    """Where an environment's files lie.

    Raises:
        UsageError: the name is none.
    """
    return ROOT / validate_environment(environment)


def services(paths: Iterable[str], environment: str) -> list[str]:
    """The services that an environment has files of, sorted.

    Args:
        paths: of files, from the repository's root.
        environment: its name.
    """
    prefix = f"{ROOT}/{environment}/"
    below = (path.removeprefix(prefix).partition("/") for path in paths if path.startswith(prefix))
    return sorted({name for name, separator, _ in below if separator and not name.startswith(("_", "."))})


def overlays(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Every (environment, service) that has a file, sorted."""
    parts = [PurePosixPath(path).parts for path in paths]
    known = {part[1:3] for part in parts if len(part) > 3 and part[0] == ROOT.name}  # noqa: PLR2004
    return sorted(
        (environment, service)
        for environment, service in known
        if not environment_fault(environment) and not service.startswith(("_", "."))
    )


def config_faults(content: bytes) -> Iterator[Fault]:
    """Everything in a config.env that the engines would read differently, or that would have no effect."""
    if len(content) > _MAX_BYTES:
        yield Fault(1, f"The file has more than {_MAX_BYTES} bytes.")
        return
    seen: set[str] = set()
    for number, raw in enumerate(content.split(b"\n"), start=1):
        reason = _line_fault(raw, seen)
        if reason:
            yield Fault(number, reason)


def _line_fault(raw: bytes, seen: set[str]) -> str:
    """Why a line may not stand there, empty if it may; a key that it sets is added to `seen`."""
    try:
        line = raw.decode()
    except UnicodeDecodeError:
        return "The line is not UTF-8."
    if len(raw) > _LINE_MAX_BYTES:
        return f"The line is longer than the {_LINE_MAX_BYTES} bytes that Kustomize reads."
    if "\r" in line:
        return "The line holds a carriage return: save the file with Unix line ends."
    if _CONTROL.search(line):
        return "The line holds a control character or a byte order mark."
    if not line or line.startswith("#"):
        return ""
    key, separator, value = line.partition("=")
    if not _KEY.fullmatch(key):
        return (
            "The line is no KEY=VALUE: letters, digits and underscores, no space before the =, no `export`."
        )
    if not separator:
        return f"{key} has no value: Compose would take it from the shell. Write {key}= for an empty one."
    return _setting_fault(key, value, seen)


def _setting_fault(key: str, value: str, seen: set[str]) -> str:
    if key in seen:
        return f"{key} occurs twice."
    seen.add(key)
    if key in SET_FOR_THE_SERVICE:
        return f"{key} is set for every service by its environment; leave it out here."
    if value != value.strip():
        return f"The value of {key} begins or ends with white space."
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return f"The quotes around the value of {key} would be part of it: leave them out." if quoted else ""


def manifest_images(documents: Iterable[object]) -> tuple[str, ...]:
    """The images of the service's own containers in Kubernetes manifests, one a Deployment."""
    return tuple(
        str(container.get("image"))
        for document in documents
        if isinstance(document, Mapping) and document.get("kind") == "Deployment"
        for container in _containers(document)
        if isinstance(container, Mapping) and container.get("name") == CONTAINER
    )


def _containers(deployment: Mapping[str, Any]) -> list[Any]:
    found: Any = deployment
    for key in ("spec", "template", "spec", "containers"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, list) else []


def compose_images(model: Mapping[str, Any]) -> tuple[str, ...]:
    """The image of the service itself in a resolved Compose file; nothing if it is not in there."""
    listed = model.get("services")
    own = listed.get(CONTAINER) if isinstance(listed, Mapping) else None
    return (str(own["image"]),) if isinstance(own, Mapping) and "image" in own else ()


def image_fault(images: tuple[str, ...], pin: Pin, engine: str) -> str:
    """Why the images that an engine would run are not the pinned one, empty if they are."""
    if images == (pin.image,):
        return ""
    if not images:
        return f"{engine} finds no container `{CONTAINER}` that release.env could give an image."
    return f"{engine} would run {', '.join(images)}, and release.env says {pin.image}."
