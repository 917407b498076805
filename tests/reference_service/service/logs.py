"""JSON lines on stdout."""

import json
import sys
import threading
from contextvars import ContextVar
from datetime import UTC, datetime

from .config_provider import Settings

CONTEXT: ContextVar[dict[str, str]] = ContextVar("context")
_LOCK = threading.Lock()


class Log:
    """Writes one JSON object per line, with what is known of the request."""

    def __init__(self, settings: Settings) -> None:
        self._fixed = {
            "logger": "service",
            "service": settings.service,
            "version": settings.version,
            "environment": settings.environment,
        }

    def write(self, level: str, message: str, **fields: object) -> None:
        timestamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        record = {
            "timestamp": timestamp,
            "level": level,
            "message": message,
            **self._fixed,
            **fields,
        }
        line = json.dumps({**record, **CONTEXT.get({})})
        with _LOCK:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
