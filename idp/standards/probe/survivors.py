"""Find and end whatever a service left behind, also what left its process group."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MARKER = "IDP_CHECK_RUN"
"""Variable in the environment of everything that one live check starts."""
_PROC = Path("/proc")


def survivors(group: int, marker: str) -> dict[int, str]:
    """Living processes (ID → name) of a process group, or with the marker in their environment.

    Without /proc (macOS) only the group is seen, and without names.
    """
    if _PROC.joinpath("self", "stat").exists():
        return dict(_from_proc(group, f"{MARKER}={marker}".encode()))
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, 0)
        return {group: "a process of the service's group"}
    return {}


def _from_proc(group: int, marker: bytes) -> Iterator[tuple[int, str]]:
    for entry in _PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            status = (entry / "stat").read_bytes()
            before, _, after = status.rpartition(b")")
            state, _parent, its_group = after.split()[:3]
            if state in {b"Z", b"X"}:
                continue
            if int(its_group) == group or marker in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name), before.partition(b"(")[2].decode(errors="replace")
        except (OSError, ValueError, IndexError):
            continue


def end_survivors(group: int, marker: str) -> None:
    """Kill them, a few times over, since a process may fork while it is looked for."""
    for _ in range(5):
        found = survivors(group, marker)
        if not found:
            return
        for process_id in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process_id, signal.SIGKILL)
