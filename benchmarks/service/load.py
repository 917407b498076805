"""A client that costs little: `python -m benchmarks.service.load PORT REQUESTS CONNECTIONS`.

It fails on any answer but 200.
"""

import asyncio
import sys
from typing import cast

REQUEST = b"GET /items/1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n"


class Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last one is complete."""

    def __init__(self, requests: int) -> None:
        self.left = requests
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        if not _is_complete(head.lower(), body):
            return
        if not head.startswith(b"HTTP/1.1 200 "):
            self.done.set_exception(RuntimeError(head.decode("latin-1")))
            self.transport.close()
            return
        self.buffer = b""
        self.left -= 1
        if self.left:
            self.transport.write(REQUEST)
        else:
            self.transport.close()
            self.done.set_result(None)

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError("the server closed the connection"))


def _is_complete(head: bytes, body: bytes) -> bool:
    if b"transfer-encoding: chunked" in head:
        return body.endswith(b"0\r\n\r\n")
    return len(body) >= int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])


async def load(port: int, requests: int, connections: int) -> None:
    """Send requests over kept-alive connections, each as fast as it is answered."""
    loop = asyncio.get_running_loop()
    share = requests // connections
    opened = [
        await loop.create_connection(lambda: Connection(share), "127.0.0.1", port) for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in opened))


if __name__ == "__main__":
    asyncio.run(load(*(int(argument) for argument in sys.argv[1:4])))
