"""Runs the command line inside the test's process: as quick as a call, through the same boundary."""

import contextlib
import io
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from idp.cli import app
from idp.output import boundary


@dataclass(frozen=True)
class Ran:
    """What a user sees: the exit code and both streams."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


def idp(*argv: str | Path, cwd: Path | None = None) -> Ran:
    """`idp ARGV` in a folder, without a terminal."""
    words = [str(word) for word in argv]
    out, err = io.StringIO(), io.StringIO()
    before = Path.cwd()
    handler = signal.getsignal(signal.SIGTERM)
    os.chdir(cwd or before)
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            mock.patch.object(sys, "stdin", io.StringIO()),
        ):
            code = boundary.guarded(lambda: app(args=words, standalone_mode=False), words)
    finally:
        os.chdir(before)
        signal.signal(signal.SIGTERM, handler)
    printed = out.getvalue() + err.getvalue()
    assert "Traceback" not in printed, printed
    return Ran(code, out.getvalue(), err.getvalue())
