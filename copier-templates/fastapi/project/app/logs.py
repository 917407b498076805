"""Structured logs: every line on stdout is one JSON object, whoever wrote it (this service, a library, a warning)."""

import json
import logging
import sys
import threading
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, BinaryIO

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from app.request_context import current

REDACTED = b"[redacted]"
# A shorter secret would blot out innocent text.
SHORTEST_SECRET = 4
# These log whole URLs, in which secrets can hide, for each request sent.
TALKATIVE = ("httpx", "httpcore")


class JsonLine:
    """Turns an event into one line of JSON with the standard fields, and blots out known secrets.

    Args:
        identity: fields of every line: service, version, environment.
    """

    def __init__(self, identity: dict[str, str]) -> None:
        self._identity = identity
        self._secrets: tuple[bytes, ...] = ()

    def hide(self, secrets: Iterable[str]) -> None:
        """Name the secrets that no line may show; replaces the former list."""
        texts = (secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
        self._secrets = tuple(_dump(text)[1:-1] for text in sorted(texts, key=len, reverse=True))

    def __call__(self, _logger: WrappedLogger, level: str, event: EventDict) -> bytes:
        line: dict[str, Any] = {
            "timestamp": datetime.now(UTC),
            "level": level,
            "message": event.pop("event", ""),
            "logger": event.pop("logger_name", "app"),
            **self._identity,
        }
        context = current.get()
        if context is not None:
            line["request_id"] = context.request_id
            line["trace_id"] = context.trace_id
        failure = event.pop("exc_info", None)
        if failure:
            line["exception"] = _describe(failure)
        if event.keys() & line.keys():
            # A line never loses a standard field to one of the same name.
            event = {f"{key}_" if key in line else key: value for key, value in event.items()}
        line.update(event)
        text = _dump(line)
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text


def _dump(value: object) -> bytes:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:  # lone surrogates, integers above 64 bits
        return json.dumps(value, default=str, skipkeys=True).encode()


def _describe(failure: object) -> dict[str, str] | None:
    if isinstance(failure, tuple):
        failure = failure[1]
    error = failure if isinstance(failure, BaseException) else sys.exc_info()[1]
    if error is None:
        return None
    return {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "message": str(error),
        "stacktrace": "".join(traceback.format_exception(error)),
    }


class _FromStandardLibrary(logging.Handler):
    """Sends the records of `logging` (uvicorn, libraries, warnings) the same way."""

    def __init__(self, renderer: JsonLine, output: structlog.BytesLogger) -> None:
        super().__init__()
        self._renderer = renderer
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event = {"event": record.getMessage(), "logger_name": record.name, "exc_info": record.exc_info}
            self._output.msg(self._renderer(None, record.levelname.lower(), event))
        except Exception:  # noqa: BLE001 - as every handler does: a wrong log call must not break its caller
            self.handleError(record)


def configure(
    service: str, version: str, environment: str, level: str = "INFO", output: BinaryIO | None = None
) -> JsonLine:
    """Route every log of this process to stdout, or another output, as JSON.

    Returns:
        The renderer; tell it the secrets once they are known.
    """
    renderer = JsonLine({"service": service, "version": version, "environment": environment})
    factory = structlog.BytesLoggerFactory(output or sys.stdout.buffer)
    structlog.configure(
        processors=[renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=level, handlers=[_FromStandardLibrary(renderer, factory())], force=True)
    logging.captureWarnings(capture=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _log_crash
    threading.excepthook = _log_thread_crash
    return renderer


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger whose lines carry its name: `get_logger(__name__).info("item added", item_id=7)`."""
    logger: FilteringBoundLogger = structlog.get_logger(logger_name=name)
    return logger


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    get_logger("app").critical("crash", exc_info=error)


def _log_thread_crash(crash: threading.ExceptHookArgs) -> None:
    get_logger("app").critical("crash of a thread", exc_info=crash.exc_value)
