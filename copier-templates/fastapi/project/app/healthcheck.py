"""The container's health check: `python -m app.healthcheck PORT` exits 0 if the service there is alive."""

import http.client
import sys

TIMEOUT_SECONDS = 2


def is_alive(port: int) -> bool:
    """Ask `/health/live` on this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_alive(int(sys.argv[1])) else 1)
