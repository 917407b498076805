"""Let something die before each of its writes, one after the other."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from idp.core import process

KILLED = 77
_READS = frozenset(
    {"cat-file", "config", "diff", "for-each-ref", "log", "ls-remote", "ls-tree", "merge-base", "rev-list"}
    | {"rev-parse", "remote", "status", "var"}
)
_WRITES = ("replace", "unlink", "write_text", "write_bytes", "rename", "rmdir")


def dying_at(number: int, action: Callable[[], object]) -> bool:
    """Do something in a child that dies right before its n-th write; whether it came to that.

    Every file that is written, replaced or removed is a write, and every program that is run, but for Git's commands
    that only read: to die before one of them is to die after the write before it.
    """
    child = os.fork()
    if child == 0:
        try:
            _die_at(number)
            action()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == KILLED


def _die_at(number: int) -> None:
    counter = iter(range(1, 100_000))

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **named: Any) -> Any:
            if next(counter) == number:
                os._exit(KILLED)
            return function(*arguments, **named)

        return wrapper

    run = process.run
    deadly = counted(run)

    def run_or_die(argv: Any, **named: Any) -> Any:
        return (run if argv[1] in _READS else deadly)(argv, **named)

    process.run = run_or_die
    for name in _WRITES:
        setattr(Path, name, counted(getattr(Path, name)))
