"""The three values of a release pin: what each may be, so that Kustomize, Compose, Kubernetes and Git all take it."""

import re

VERSION_MAX_LENGTH = 63
REPOSITORY_MAX_LENGTH = 255

_HOST_PART = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_PATH_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = rf"(?:{_HOST_PART}(?:\.{_HOST_PART})*(?::[0-9]{{1,5}})?/)?{_PATH_PART}(?:/{_PATH_PART})*"
_NUMBER = r"(?:0|[1-9][0-9]*)"
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_IMAGE = re.compile(
    rf"(?P<repository>{_REPOSITORY})(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?@(?P<digest>{DIGEST.pattern})"
)
_VERSION = re.compile(
    rf"(?:{_NUMBER}\.){{2}}{_NUMBER}(?:-{_IDENTIFIER}(?:\.{_IDENTIFIER})*(?<=[0-9A-Za-z])(?<!\.lock))?"
)
_REVISION = re.compile(r"[0-9a-f]{40}")
_ONLY_HEX = re.compile(r"[0-9a-f]{64}")


def repository_of(image: str) -> str:
    """The name of an image without its tag and digest."""
    match = _IMAGE.fullmatch(image)
    return match["repository"] if match else image


def value_fault(key: str, value: str) -> str:
    """Why a value is none for its key (one of the three), empty if it is one."""
    if not value:
        return "The value is empty."
    for character, meaning in _FOREIGN.items():
        if character in value:
            return f"The value holds {meaning}, which Kustomize and Compose read differently."
    return _VALUE_FAULTS[key](value)


_FOREIGN = {
    '"': "a quote",
    "'": "a quote",
    "`": "a quote",
    "#": "a #",
    " ": "a space",
    "\t": "a tab",
    "$": "a $",
    "\\": "a backslash",
}


def _image_fault(value: str) -> str:
    if "@" not in value:
        return "The image is named by a tag at most: name its digest, <repository>[:<tag>]@sha256:<64 hex>."
    if value != value.lower() and _IMAGE.fullmatch(value.lower()) and not _IMAGE.fullmatch(value):
        return "The image's repository and digest are written in lower case."
    match = _IMAGE.fullmatch(value)
    if match is None:
        return "The image is not <repository>[:<tag>]@sha256:<64 hex>."
    repository = match["repository"]
    if len(repository) > REPOSITORY_MAX_LENGTH or _ONLY_HEX.fullmatch(repository):
        return "The image's repository is longer than 255 characters, or looks like an image's ID."
    port = re.match(r"[^/]*:([0-9]+)/", repository)
    return "The registry's port is above 65535." if port and int(port[1]) > 65535 else ""  # noqa: PLR2004


def _version_fault(value: str) -> str:
    if "+" in value:
        return "The version holds a +, which neither a label nor an image tag can."
    if len(value) > VERSION_MAX_LENGTH:
        return f"The version is longer than the {VERSION_MAX_LENGTH} characters of a label."
    if _VERSION.fullmatch(value) is None:
        return (
            "The version is not SemVer such as 1.4.0 or 1.5.0-rc.1 (no leading v, no hyphen or .lock last)."
        )
    return ""


def _revision_fault(value: str) -> str:
    return "" if _REVISION.fullmatch(value) else "The revision is not a commit's 40 lower-case hex digits."


_VALUE_FAULTS = {
    "RELEASE_IMAGE": _image_fault,
    "RELEASE_VERSION": _version_fault,
    "RELEASE_REVISION": _revision_fault,
}
