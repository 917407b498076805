"""No server, however hostile, holds a request beyond its limit, or has a broken answer taken for a complete one."""

import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from idp.core import http

SECONDS = 0.5
TOLERANCE = 10.0  # of a loaded machine: what is tested would never end

Behaviour = Callable[[socket.socket, bytes], object]


@contextmanager
def served(behaviour: Behaviour) -> Iterator[str]:
    """A server that reads one request a connection and then does as it likes; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, behaviour), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, behaviour: Behaviour) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_answer, args=(client, behaviour), daemon=True).start()


def _answer(client: socket.socket, behaviour: Behaviour) -> None:
    with client, suppress(OSError):
        behaviour(client, client.recv(65536))


def endless(start: bytes, piece: bytes, pause: float = 0.02) -> Behaviour:
    def behave(client: socket.socket, _request: bytes) -> None:
        client.sendall(start)
        while True:
            client.sendall(piece)
            time.sleep(pause)

    return behave


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"
HOSTILE = {
    "says nothing": endless(b"", b""),
    "trickles its status line": endless(b"HTTP/1.1 200 OK", b" "),
    "trickles a header": endless(HEAD + b"X-Slow: ", b"x"),
    "sends headers for ever": endless(HEAD, b"a: b\r\n"),
    "sends 100 Continue for ever": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "trickles a body of known length": endless(HEAD + b"Content-Length: 100000\r\n\r\n", b"0"),
    "trickles a body that ends with the connection": endless(HEAD + b"\r\n", b"0"),
    "trickles a chunk's size": endless(CHUNKED, b"0"),
    "sends trailers for ever": endless(CHUNKED + b"0\r\n", b"a: b\r\n"),
    "floods": endless(HEAD + b"\r\n", b"0" * 65536, 0),
    "speaks no HTTP": lambda client, _: client.sendall(b"\x00\xff" * 1000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_server_gets_no_longer_than_the_limit(name: str) -> None:
    with served(HOSTILE[name]) as address:
        started = time.monotonic()
        answer = http.get(address, "/", seconds=SECONDS)
        assert time.monotonic() - started < SECONDS + TOLERANCE
    assert answer.status is None
    assert answer.error


def test_a_flood_is_not_kept_in_memory() -> None:
    with served(HOSTILE["floods"]) as address:
        tracemalloc.start()
        connection = http.Connection(address, seconds=20, body_bytes=100_000)
        answer = connection.request("GET", "/")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert answer.error == "an answer of more than 100000 bytes"
    assert peak < 4_000_000


def test_an_answer_that_was_cut_off_is_not_taken_for_a_complete_one() -> None:
    short = HEAD + b"Content-Length: 100\r\n\r\nonly this"
    with served(lambda client, _: client.sendall(short)) as address:
        answer = http.get(address, "/", seconds=SECONDS + TOLERANCE)
    assert answer.status is None
    assert answer.error == "the connection was closed after 9 of 100 bytes"


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with served(lambda client, _: client.sendall(moved)) as address:
        assert http.get(address, "/", seconds=SECONDS + TOLERANCE).status == 302


def test_the_path_of_the_address_precedes_the_requests_own() -> None:
    def echo(client: socket.socket, request: bytes) -> None:
        line = request.partition(b"\r\n")[0]
        client.sendall(HEAD + f"Content-Length: {len(line)}\r\n\r\n".encode() + line)

    with served(echo) as address:
        answer = http.get(f"{address}/below/", "/health/ready", request_id="r-1", seconds=SECONDS + TOLERANCE)
    assert answer.body == b"GET /below/health/ready HTTP/1.1"
    assert answer.path == "/health/ready"


def test_nobody_there_is_an_answer_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert http.get(f"http://127.0.0.1:{port}", "/").outcome == "no answer (the connection was refused)"
