"""A release pin: what `release.env` says, in the one grammar that Kustomize and Compose read alike."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from idp.core.errors import UserError
from idp.core.names import validate_environment, validate_service
from idp.environments.pin_values import repository_of, value_fault

MAX_BYTES = 16_384
"""The longest release.env: Kustomize reads no line above 64 KiB, and a pin needs a few hundred bytes."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_HINT = (
    "Write RELEASE_IMAGE=<repository>[:<tag>]@sha256:<64 hex>, RELEASE_VERSION=<X.Y.Z> and "
    "RELEASE_REVISION=<40 hex>, one a line, bare; comments on lines of their own that start with #."
)


@dataclass(frozen=True)
class Pin:
    """Which release runs.

    Attributes:
        image: `<repository>[:<tag>]@sha256:<64 hex>`.
        version: SemVer without build metadata, up to 63 characters, fit for a Kubernetes label and a Git tag.
        revision: the source's commit, 40 hex digits.

    Raises:
        UserError: one of the three is malformed; no such pin exists.
    """

    image: str
    version: str
    revision: str

    def __post_init__(self) -> None:
        for key, value in _values(self).items():
            reason = value_fault(key, value)
            if reason:
                raise UserError("release-invalid", f"{key}: {reason}", _HINT)

    @property
    def digest(self) -> str:
        """`sha256:<64 hex>`."""
        return self.image.rpartition("@")[2]

    @property
    def repository(self) -> str:
        """The image's name without tag and digest."""
        return repository_of(self.image)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a release.env; `line` counts from 1."""

    line: int
    reason: str


def pin_path(environment: str, service: str) -> PurePosixPath:
    """Where a service's pin lies in the environments repository.

    Raises:
        UserError: one of the names is none.
    """
    return (
        PurePosixPath("environments")
        / validate_environment(environment)
        / validate_service(service)
        / "release.env"
    )


def parse_pin(content: bytes, path: str) -> Pin:
    """The pin that a release.env holds.

    Args:
        content: the file's bytes.
        path: what errors call the file.

    Raises:
        UserError: `release-env-invalid`, naming `path:line`, if Kustomize and Compose could read it differently.
    """
    fault = next(faults(content), None)
    if fault is not None:
        raise UserError("release-env-invalid", f"{path}:{fault.line}: {fault.reason}", _HINT)
    values = dict(line.split("=", 1) for line in content.decode().split("\n") if line and line[0] != "#")
    return Pin(values["RELEASE_IMAGE"], values["RELEASE_VERSION"], values["RELEASE_REVISION"])


def pin_text(pin: Pin, present: bytes | None = None) -> bytes:
    """The pin as a release.env.

    Args:
        pin: what it is to say.
        present: the file as it is; its comments, empty lines and order of keys stay.

    Raises:
        UserError: `release-env-invalid`, if what is there is no release.env.
    """
    values = _values(pin)
    if present is None:
        return "".join(f"{key}={value}\n" for key, value in values.items()).encode()
    fault = next((fault for fault in faults(present) if fault.reason not in _MISSING.values()), None)
    if fault is not None:
        raise UserError("release-env-invalid", f"release.env:{fault.line}: {fault.reason}", _HINT)
    lines = present.decode().removesuffix("\n").split("\n") if present else []
    kept = [_with_value(line, values) for line in lines]
    present_keys = {line.partition("=")[0] for line in lines if not line.startswith("#")}
    kept += [f"{key}={value}" for key, value in values.items() if key not in present_keys]
    return ("\n".join(kept) + "\n").encode()


def _with_value(line: str, values: Mapping[str, str]) -> str:
    key = line.partition("=")[0]
    return f"{key}={values[key]}" if key in values else line


def _values(pin: Pin) -> dict[str, str]:
    return dict(zip(_MISSING, (pin.image, pin.version, pin.revision), strict=True))


_MISSING = {key: f"{key} is missing." for key in ("RELEASE_IMAGE", "RELEASE_VERSION", "RELEASE_REVISION")}


def faults(content: bytes) -> Iterator[Fault]:
    """Everything that keeps a file from being a release.env, in the order of its lines; missing keys come last."""
    if len(content) > MAX_BYTES:
        yield Fault(1, f"The file has more than {MAX_BYTES} bytes.")
        return
    seen: set[str] = set()
    lines = content.split(b"\n")
    for number, raw in enumerate(lines, start=1):
        reason = _line_fault(raw, seen)
        if reason:
            yield Fault(number, reason)
    yield from (Fault(len(lines), reason) for key, reason in _MISSING.items() if key not in seen)


def _line_fault(raw: bytes, seen: set[str]) -> str:
    """Why a line may not stand there, empty if it may; a key that it sets is added to `seen`."""
    try:
        line = raw.decode()
    except UnicodeDecodeError:
        return "The line is not UTF-8."
    if control := _CONTROL.search(line):
        return _control_fault(control[0])
    if not line or line.startswith("#"):
        return ""
    key, separator, value = line.partition("=")
    if key not in _MISSING:
        return _key_fault(line)
    if not separator:
        return f"{key} has no value: Compose would take it from the shell."
    if key in seen:
        return f"{key} occurs twice."
    seen.add(key)
    return value_fault(key, value)


def _control_fault(character: str) -> str:
    if character == "\r":
        return "The line holds a carriage return: save the file with Unix line ends."
    if character == "\ufeff":
        return "The line holds a byte order mark: save the file as plain UTF-8."
    return f"The line holds the control character {character!a}."


def _key_fault(line: str) -> str:
    stripped = line.strip()
    if not stripped:
        return "The line holds only white space: leave it empty."
    if stripped.startswith("#"):
        return "White space stands before the #."
    if re.match(r"export\s", stripped):
        return "`export` is for shells: leave it out."
    key = stripped.partition("=")[0].strip()
    if key in _MISSING:
        return f"White space stands around {key}."
    return f"{key[:40]!a} is no key: only RELEASE_IMAGE, RELEASE_VERSION and RELEASE_REVISION may stand here."
