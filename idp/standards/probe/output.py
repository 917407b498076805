"""Read what a service writes, for as long as it writes, and keep a bounded part of it."""

import os
import select
import threading
from contextlib import suppress
from typing import IO

_CHUNK = 65_536
_PAUSE_SECONDS = 0.01
"""Between reads beyond the limit, so that endless output does not take a whole core to throw away."""


class OutputReader:
    """A pipe whose write end is given to a program; what comes out is kept up to a limit."""

    def __init__(self, most_bytes: int) -> None:
        self._read_end, write_end = os.pipe()
        self._most = most_bytes
        self._kept = bytearray()
        self._dropped = 0
        self._stop = threading.Event()
        self.pipe: IO[bytes] = os.fdopen(write_end, "wb", buffering=0)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        # Whoever inherited the write end may keep it open for ever: wait for it only until `stop`.
        while not self._stop.is_set():
            readable, _, _ = select.select([self._read_end], [], [], 0.1)
            if not readable:
                continue
            chunk = os.read(self._read_end, _CHUNK)
            if not chunk:
                return
            room = max(self._most - len(self._kept), 0)
            self._kept += chunk[:room]
            self._dropped += len(chunk) - len(chunk[:room])
            if self._dropped:
                self._stop.wait(_PAUSE_SECONDS)

    def program_started(self) -> None:
        """Close this process's copy of the write end."""
        self.pipe.close()

    def finish(self) -> None:
        """Stop reading."""
        with suppress(OSError):
            self.pipe.close()
        self._thread.join(timeout=0.3)
        self._stop.set()
        self._thread.join(timeout=2.0)
        os.close(self._read_end)

    @property
    def dropped(self) -> int:
        """Bytes beyond the limit."""
        return self._dropped

    @property
    def text(self) -> str:
        """What was kept so far."""
        return bytes(self._kept).decode(errors="replace")
