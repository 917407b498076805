"""The one place that runs programs. Never a shell; arguments are passed as they are."""

import os
import signal
import subprocess  # noqa: TID251 - this is the module that may
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from idp.core.errors import AdapterError

_TIDY_SECONDS = 5.0


@dataclass(frozen=True)
class Completed:
    """A finished program: its exit code (negative: ended by that signal) and output, decoded as UTF-8.

    Bytes that are no UTF-8 (Git paths may be any) are surrogates, and become the same bytes again as input.
    """

    exit_code: int
    stdout: str
    stderr: str


def _missing(program: str) -> AdapterError:
    return AdapterError(
        "program-missing",
        f"The program `{program}` is not installed or not on PATH.",
        "Install it, then run `idp doctor` to see what else is missing.",
    )


def _environment(extra: Mapping[str, str] | None, unset: Sequence[str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    return {**inherited, **(extra or {})}


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    unset: Sequence[str] = (),
    stdin: str | bytes = "",
    timeout: float | None = None,
) -> Completed:
    """Run a program to its end and capture what it prints.

    Args:
        argv: program and arguments.
        cwd: working directory, this process's own if None.
        env: variables added to what is inherited.
        unset: variables that are not inherited.
        stdin: what the program reads.
        timeout: seconds; None waits for ever.

    Raises:
        AdapterError: the program is missing or overran its time. A non-zero exit code is not an error here.
    """
    data = stdin.encode(errors="surrogateescape") if isinstance(stdin, str) else stdin
    try:
        child = subprocess.Popen(  # noqa: S603 - argv, never a shell
            [str(part) for part in argv],
            cwd=cwd,
            env=_environment(env, unset),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise _missing(str(argv[0])) from error
    with child:
        try:
            out, err = child.communicate(data, timeout)
        except subprocess.TimeoutExpired as error:
            _end(child)
            raise AdapterError(
                "program-timeout",
                f"`{argv[0]}` did not finish within {timeout:g} s.",
                "Run it by hand to see what it waits for.",
            ) from error
        except BaseException:
            _end(child)
            raise
    return Completed(
        child.returncode, out.decode(errors="surrogateescape"), err.decode(errors="surrogateescape")
    )


def _end(child: "subprocess.Popen[bytes]") -> None:
    """End a program so that it can tidy up: Git removes its lock files on SIGTERM, not on SIGKILL."""
    child.terminate()
    try:
        child.communicate(timeout=_TIDY_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


def run_attached(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str]) -> int:
    """Run a program on this terminal until it ends; SIGTERM and SIGHUP are passed on to it.

    Ctrl-C reaches the program by itself, as part of the terminal's foreground process group.

    Returns:
        The program's exit code, negative if a signal ended it. After Ctrl-C any error counts as ended by that:
        make has its own words for a recipe that was interrupted.
    """
    interrupts: list[int] = []
    try:
        child = subprocess.Popen([str(part) for part in argv], cwd=cwd, env=_environment(env, ()))  # noqa: S603
    except FileNotFoundError as error:
        raise _missing(str(argv[0])) from error

    def forward(number: int, _frame: object) -> None:
        child.send_signal(number)

    previous = {number: signal.signal(number, forward) for number in (signal.SIGTERM, signal.SIGHUP)}
    previous[signal.SIGINT] = signal.signal(signal.SIGINT, lambda number, _frame: interrupts.append(number))
    try:
        ended = child.wait()
        return -signal.SIGINT if ended and interrupts else ended
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def running(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    unset: Sequence[str] = (),
    stdout: IO[bytes],
    stderr: IO[bytes],
) -> Iterator["subprocess.Popen[bytes]"]:
    """A program in a process group of its own; whatever is left of the group is killed at the end.

    Yields:
        The process; `send_signal`, `poll`, `wait` and `pid` are what callers use.
    """
    try:
        child = subprocess.Popen(  # noqa: S603
            [str(part) for part in argv],
            cwd=cwd,
            env=_environment(env, unset),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise _missing(str(argv[0])) from error
    try:
        yield child
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
