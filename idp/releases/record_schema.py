"""What a release record's JSON may hold: the schema, and the same rules as a quick check without a library."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from idp.core.errors import UsageError
from idp.core.names import NAME_MAX_LENGTH, validate_service
from idp.environments.pin_values import DIGEST, VERSION_MAX_LENGTH, value_fault

SCHEMA_VERSION = 1
_INNER = r"\x7f-\x9f\u2028\u2029\ud800-\udfff"
_TEXT = rf"[^\x00-\x20{_INNER}](?:[^\x00-\x1f{_INNER}]*[^\x00-\x20{_INNER}])?"
_URL = r"https?://[!-~]+"
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_TEXT_MAX, _URL_MAX, _CHECKS_MAX = 300, 2000, 200
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def _string(pattern: str, most: int, description: str, *, optional: bool = False) -> dict[str, Any]:
    return {
        "type": ["string", "null"] if optional else "string",
        "pattern": f"^{pattern}$",
        "maxLength": most,
        "description": description,
    }


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_CHECK = _object(
    {
        "state": {"enum": ["passed", "failed"], "description": "How the check ended."},
        "url": _string(_URL, _URL_MAX, "Where a person sees it."),
    },
    ["state"],
)
_PROVENANCE = _object(
    {
        "builder": _string(_TEXT, _TEXT_MAX, "The builder's identity, a workflow's address for example."),
        "url": _string(_URL, _URL_MAX, "Where the signed statement lies."),
    },
    ["builder"],
)
_PROPERTIES: dict[str, Any] = {
    "schema_version": {"const": SCHEMA_VERSION, "description": "The version of this schema."},
    "service": _string(r"[a-z]([a-z0-9-]*[a-z0-9])?", NAME_MAX_LENGTH, "The service's name."),
    "version": _string(
        r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]*[0-9A-Za-z])?",
        VERSION_MAX_LENGTH,
        "SemVer without +.",
    ),
    "image": _string(r"[a-z0-9][^\s@]*@sha256:[0-9a-f]{64}", 500, "The image, named by its digest."),
    "revision": _string(r"[0-9a-f]{40}", 40, "The source's commit."),
    "template": _string(_TEXT, _TEXT_MAX, "The service's template.", optional=True),
    "template_version": _string(_TEXT, _TEXT_MAX, "The template's version.", optional=True),
    "built_at": _string(_TIME, 20, "When the image was built: UTC, whole seconds."),
    "checks": {
        "type": "object",
        "description": "Evidence: the name of a check → how it ended.",
        "propertyNames": {"pattern": f"^{_TEXT}$", "maxLength": _TEXT_MAX},
        "additionalProperties": _CHECK,
        "maxProperties": _CHECKS_MAX,
    },
    "sbom_digest": _string(DIGEST.pattern, 71, "The bill of materials' digest.", optional=True),
    "provenance": {"anyOf": [_PROVENANCE, {"type": "null"}], "description": "Who built the image."},
}
RECORD_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Release record",
    "description": "What is known of one release of one service; written once, never rewritten.",
    **_object(_PROPERTIES, list(_PROPERTIES)),
}


def document_fault(document: object) -> str:
    """Why a parsed JSON value is no release record, empty if it is one.

    The image and the version follow the grammar of release.env, which is stricter than the schema.
    """
    return next(_faults(document), "")


def _faults(document: object) -> Iterator[str]:
    if not isinstance(document, dict):
        yield "is no JSON object"
        return
    yield from _keys(document, _FIELDS, RECORD_SCHEMA["required"], "")
    for key, check in _FIELDS.items():
        if key in document and not check(document[key]):
            yield f"has a malformed `{key}`{_explained(key, document[key])}"


def _explained(key: str, value: object) -> str:
    name = {"image": "RELEASE_IMAGE", "version": "RELEASE_VERSION", "revision": "RELEASE_REVISION"}.get(key)
    return f": {value_fault(name, value)}" if name and isinstance(value, str) else ""


def _keys(
    document: Mapping[str, Any], known: Mapping[str, Any], required: list[str], of: str
) -> Iterator[str]:
    yield from (f"has an unknown key {key[:40]!a}{of}" for key in document if key not in known)
    yield from (f"lacks `{key}`{of}" for key in required if key not in document)


def _text(pattern: str, most: int) -> Callable[[object], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and len(value) <= most and bool(compiled.fullmatch(value))


def _optional(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or check(value)


def _pin_value(key: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and not value_fault(key, value)


def _is_time(value: object) -> bool:
    if not _text(_TIME, 20)(value):
        return False
    try:
        datetime.strptime(str(value), TIME_FORMAT)  # noqa: DTZ007 - the Z is literal, the format says UTC
    except ValueError:
        return False
    return True


def _fits(fields: Mapping[str, Callable[[object], bool]], required: list[str]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return (
            isinstance(value, dict)
            and not any(_keys(value, fields, required, ""))
            and all(fields[key](item) for key, item in value.items())
        )

    return check


_is_text, _is_url = _text(_TEXT, _TEXT_MAX), _text(_URL, _URL_MAX)
_is_check = _fits({"state": lambda value: value in ("passed", "failed"), "url": _is_url}, ["state"])


def _is_service(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(validate_service(value))
    except UsageError:
        return False


def _are_checks(value: object) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= _CHECKS_MAX
        and all(_is_text(name) and _is_check(check) for name, check in value.items())
    )


_FIELDS: dict[str, Callable[[object], bool]] = {
    "schema_version": lambda value: type(value) is int and value == SCHEMA_VERSION,
    "service": _is_service,
    "version": _pin_value("RELEASE_VERSION"),
    "image": _pin_value("RELEASE_IMAGE"),
    "revision": _pin_value("RELEASE_REVISION"),
    "template": _optional(_is_text),
    "template_version": _optional(_is_text),
    "built_at": _is_time,
    "checks": _are_checks,
    "sbom_digest": _optional(_text(DIGEST.pattern, 71)),
    "provenance": _optional(_fits({"builder": _is_text, "url": _is_url}, ["builder"])),
}
