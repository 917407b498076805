"""The identity of the request in hand, for logs and for requests sent on."""

import re
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from secrets import token_hex

_REQUEST_ID = re.compile(rb"[\w.-]{1,128}")
# https://www.w3.org/TR/trace-context/#traceparent-header: version, trace, parent, flags; newer versions may append.
_TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 0x01


@dataclass(slots=True, frozen=True)
class RequestContext:
    """Who asks: the request's ID, its trace (32 hex digits) and whether the caller records the trace."""

    request_id: str
    trace_id: str
    sampled: bool = False

    def traceparent(self) -> str:
        """The header for a request sent on, with a span of its own."""
        return f"00-{self.trace_id}-{token_hex(8)}-{self.sampled:02x}"


current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def from_headers(headers: Iterable[tuple[bytes, bytes]]) -> RequestContext:
    """What the caller sent, where it is valid; a new identity otherwise.

    Args:
        headers: name and value pairs with lower-case names, as ASGI gives them.
    """
    request_id = traceparent = b""
    for name, value in headers:
        if name == b"x-request-id":
            request_id = value
        elif name == b"traceparent":
            traceparent = value
    valid = request_id and _REQUEST_ID.fullmatch(request_id)
    trace = _trace(traceparent) if traceparent else None
    fresh = token_hex(32)
    trace_id, sampled = trace or (fresh[:32], False)
    return RequestContext(request_id.decode() if valid else fresh[32:], trace_id, sampled)


def _trace(header: bytes) -> tuple[str, bool] | None:
    match = _TRACEPARENT.fullmatch(header)
    if match is None:
        return None
    version, trace_id, parent_id, flags, more = match.groups()
    if version == b"ff" or (version == b"00" and more) or not trace_id.strip(b"0") or not parent_id.strip(b"0"):
        return None
    return trace_id.decode(), bool(int(flags, 16) & _SAMPLED)
