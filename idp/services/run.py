"""`idp run`: start a service in the foreground, as its own Makefile says."""

import os
import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from idp.core import process
from idp.core.errors import ExitCode, UserError

RUN_COMMAND = ("make", "--silent", "--no-print-directory", "run")
"""The one place where a service says how it starts is its Makefile's `run` target."""
_RUN_TARGET = re.compile(r"^run\s*:(?!=)", re.MULTILINE)


@dataclass(frozen=True)
class RunPlan:
    """What `idp run` would start."""

    path: Path
    command: Sequence[str]
    port: int | None


def run(path: Path, *, port: int | None = None) -> int:
    """Run the service until it ends; Ctrl-C, SIGTERM and SIGHUP reach it.

    Args:
        path: the service's folder.
        port: what `PORT` is set to; None leaves the service's own choice.

    Returns:
        The exit code for this process: 0 if the service ended by itself or on SIGTERM without an error.

    Raises:
        UserError: the folder has no Makefile with a `run` target, or the service failed.
    """
    folder = path.expanduser().resolve()
    _refuse_unrunnable(folder)
    variables = {} if port is None else {"PORT": str(port)}
    ended = process.run_attached(RUN_COMMAND, cwd=folder, env=variables)
    if ended in {0, -signal.SIGTERM, -signal.SIGHUP}:
        return ExitCode.DONE
    if ended == -signal.SIGINT:
        return ExitCode.INTERRUPTED
    raise UserError(
        "service-failed",
        f"The service in {folder} ended with an error ({_how(ended)}).",
        f"Its own messages are above; `make -C {folder} run` starts it without idp.",
    )


def _refuse_unrunnable(folder: Path) -> None:
    makefile = next(
        (folder / name for name in ("GNUmakefile", "makefile", "Makefile") if (folder / name).is_file()), None
    )
    text = makefile.read_text(encoding="utf-8", errors="replace") if makefile else ""
    if _RUN_TARGET.search(text) is None:
        raise UserError(
            "no-run-target",
            f"{folder} has no Makefile with a `run` target.",
            "Name a service's folder: idp run PATH. `idp check PATH` says what else a service needs.",
        )
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UserError("folder-unreadable", f"{folder} cannot be read.", "Check its permissions.")


def _how(ended: int) -> str:
    return f"signal {-ended}" if ended < 0 else f"exit code {ended}"


def plan(path: Path, *, port: int | None = None) -> RunPlan:
    """What `run` would start, with the same errors."""
    folder = path.expanduser().resolve()
    _refuse_unrunnable(folder)
    return RunPlan(folder, RUN_COMMAND, port)
