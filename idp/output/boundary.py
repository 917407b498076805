"""The error boundary: whatever happens, a user gets a message, an exit code and no traceback."""

import itertools
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from typer import Abort, Exit
from typer.exceptions import TyperException

from idp.core import signals as interruption
from idp.core.errors import ExitCode, IdpError, UsageError

_TERMINATED = 128 + signal.SIGTERM


def guarded(action: Callable[[], object], argv: Sequence[str]) -> int:
    """Do something; the exit code for what came of it.

    Args:
        action: returns None or an exit code.
        argv: the command line, to know how an error is to be printed.
    """
    try:
        with interruption.raised():
            returned = action()
            sys.stdout.flush()
    except BaseException as raised:  # noqa: BLE001 - the boundary: nothing gets past it
        return _exit_code(raised, argv)
    if returned == ExitCode.INTERRUPTED:  # Typer has made this of the KeyboardInterrupt
        sys.stderr.write(interruption.MESSAGE)
    return returned if isinstance(returned, int) else ExitCode.DONE


def _exit_code(raised: BaseException, argv: Sequence[str]) -> int:
    match raised:
        case Exit():
            return raised.exit_code
        case SystemExit():  # Typer's completion ends so
            return raised.code if isinstance(raised.code, int) else ExitCode.DONE
        case KeyboardInterrupt() | Abort():
            sys.stderr.write(interruption.MESSAGE)
            return ExitCode.INTERRUPTED
        case interruption.Terminated():
            return _TERMINATED
        case BrokenPipeError():
            # The reader went away (`idp … | head`); Python must not try to flush again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.FAILURE
        case TyperException():
            return _report(_as_usage_error(raised), argv)
        case IdpError():
            return _report(raised, argv)
        case _:
            return _report(_bug(raised), argv)


def _report(error: IdpError, argv: Sequence[str]) -> int:
    from idp.output import console

    console.show_error(_command_name(argv), error, as_json=_wants_json(argv))
    return error.exit_code


def _wants_json(argv: Sequence[str]) -> bool:
    return "--output=json" in argv or any(pair == ("--output", "json") for pair in itertools.pairwise(argv))


def _command_name(argv: Sequence[str]) -> str:
    groups = {"create", "env"}
    words = [word for word in argv if not word.startswith("-")]
    return " ".join(words[: 2 if words and words[0] in groups else 1]) or "idp"


def _as_usage_error(error: TyperException) -> IdpError:
    format_message = getattr(error, "format_message", error.__str__)
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "idp"
    return UsageError(
        "usage",
        format_message() or "This command line is not complete.",
        f"`{path} --help` shows what it takes.",
    )


class _BugError(IdpError):
    exit_code = ExitCode.BUG


def _bug(error: BaseException) -> IdpError:
    import traceback
    from datetime import UTC, datetime

    from platformdirs import user_log_path

    now = datetime.now(UTC)
    text = "".join(traceback.format_exception(error))
    try:
        folder = user_log_path("idp")
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"bug-{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
        log.write_text(f"{now.isoformat()} idp {' '.join(map(repr, sys.argv[1:]))}\n\n{text}")
    except OSError:
        log = Path("(the log could not be written)")
    return _BugError(
        "bug", f"This is a bug in idp: {type(error).__name__}.", f"Please report it with this file: {log}"
    )
