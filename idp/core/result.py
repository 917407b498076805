"""What a command hands back: data, and the one JSON envelope that every command prints."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import PurePath
from typing import Any

from idp.core.errors import IdpError

SCHEMA_VERSION = 1
"""Raised only when a field is removed or changes its meaning; added fields leave it as it is."""


@dataclass(frozen=True)
class Envelope:
    """The JSON document: `schema_version, command, status (ok|failed), data, errors`."""

    command: str
    status: str
    data: Any
    errors: Sequence[Mapping[str, str]] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "command": self.command,
            "status": self.status,
            "data": to_jsonable(self.data),
            "errors": [dict(error) for error in self.errors],
        }


def succeeded(command: str, data: object) -> Envelope:
    return Envelope(command, "ok", data)


def failed(command: str, error: IdpError, data: object = None) -> Envelope:
    entry = {"code": error.code, "message": error.message, "hint": error.hint}
    return Envelope(command, "failed", data, (entry,))


def to_jsonable(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Dataclasses, paths, enums, times (ISO 8601; spans in seconds), mappings and sequences as plain JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return to_jsonable(asdict(value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {str(key): to_jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_jsonable(item) for item in value]
    return value
