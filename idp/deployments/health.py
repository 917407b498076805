"""Asks a deployed service: one GET at a time, bounded in time and size. Follows no redirect and no proxy setting."""

import http.client
import time
from urllib.parse import urlsplit

from idp.standards.live.observation import Exchange

_MOST_BYTES = 4 * 1024 * 1024
_CHUNK = 64 * 1024
_MAX_HEADER = 8 * 1024


def get(address: str, path: str, *, request_id: str | None = None, seconds: float = 5.0) -> Exchange:
    """Send a GET and read the whole answer; never raises, whatever the service does.

    Args:
        address: `http://<host>:<port>`, with the path below which the service lies where there is one.
        path: starts with a slash.
        request_id: sent as X-Request-ID.
        seconds: for all of it.
    """
    base = urlsplit(address)
    connection = http.client.HTTPConnection(base.hostname or "", base.port or 80, timeout=seconds)
    headers = {"Connection": "close"} | ({"X-Request-ID": request_id} if request_id else {})
    started = time.monotonic()
    try:
        connection.request("GET", base.path.rstrip("/") + path, headers=headers)
        response = connection.getresponse()
        body = _read(response, started + seconds)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        return Exchange("GET", path, request_id, None, error=reason, seconds=time.monotonic() - started)
    finally:
        connection.close()
    found = tuple((name.lower(), value[:_MAX_HEADER]) for name, value in response.getheaders())
    return Exchange("GET", path, request_id, response.status, found, body, "", time.monotonic() - started)


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """The body: socket timeouts alone never end a slow trickle, so the time is looked at after each piece."""
    body = b""
    while piece := response.read1(_CHUNK):
        body += piece
        if len(body) > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError("it answers too slowly")
    return body
