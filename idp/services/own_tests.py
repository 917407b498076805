"""Runs a service's own checks on a commit of it, in a throwaway work tree, before anybody else sees that commit."""

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from idp.core import process
from idp.core.errors import IdpError
from idp.core.text import safe
from idp.git import run as git
from idp.services.update_model import OwnTests, OwnTestsState

COMMAND = ("make", "--no-print-directory", "lint", "test")
SHOWN = "make lint test"
SECONDS = 900.0
"""How long a service's checks may take where nobody says otherwise."""
"""How long the checks of one service may take."""
_LARGEST_OUTPUT = 64 * 1024 * 1024
_TAIL_BYTES = 8192
_TAIL_LINES = 30
# What the checks have no business with, and what would make the outer `make` or interpreter theirs.
_WITHHELD = re.compile(
    r".*(TOKEN|SECRET|PASSWORD|PASSWD|PRIVATE_KEY|CREDENTIAL|API_KEY).*|IDP_.*|GIT_.*|SSH_AUTH_SOCK|"
    r"MAKE(FLAGS|LEVEL|FILES|OVERRIDES)|MFLAGS|VIRTUAL_ENV|PYTHON(PATH|HOME)",
    re.IGNORECASE,
)


def run(objects: Sequence[Path], commit: str, seconds: float) -> OwnTests:
    """Check a commit out and run `make lint test` in it.

    Args:
        objects: the object folders that hold the commit.
        commit: its name.
        seconds: how long it may take.
    """
    with TemporaryDirectory(prefix="idp-tests-", ignore_cleanup_errors=True) as folder:
        work = Path(folder) / "service"
        try:
            _check_out(work, objects, commit)
        except IdpError as error:
            return OwnTests(OwnTestsState.FAILED, SHOWN, error.message)
        with (Path(folder) / "output").open("w+b") as output:
            try:
                failure = _checks(work, output, seconds)
            except IdpError as error:
                return OwnTests(OwnTestsState.FAILED, SHOWN, error.message)
            if failure is None:
                return OwnTests(OwnTestsState.PASSED, SHOWN)
            return OwnTests(OwnTestsState.FAILED, SHOWN, f"{_tail(output)}\n{failure}".strip())


def _check_out(work: Path, objects: Sequence[Path], commit: str) -> None:
    git.output("init", "--quiet", "--template=", str(work))
    alternates = work / ".git/objects/info/alternates"
    alternates.parent.mkdir(exist_ok=True)
    alternates.write_text("".join(f"{path}\n" for path in objects))
    git.output("-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", commit, cwd=work)


def _checks(work: Path, output: IO[bytes], seconds: float) -> str | None:
    """None if they pass, else what became of them."""
    withheld = [name for name in os.environ if _WITHHELD.fullmatch(name)]
    end = time.monotonic() + seconds
    with process.running(
        COMMAND, cwd=work, env={"CI": "true"}, unset=withheld, stdout=output, stderr=output
    ) as child:
        while (code := child.poll()) is None:
            if time.monotonic() > end:
                return f"`{SHOWN}` did not end within {seconds:g} s."
            if os.fstat(output.fileno()).st_size > _LARGEST_OUTPUT:
                return f"`{SHOWN}` printed more than {_LARGEST_OUTPUT} bytes."
            time.sleep(0.02)
    return None if code == 0 else f"`{SHOWN}` ended with exit code {code}."


def _tail(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _TAIL_BYTES))
    text = output.read().decode(errors="replace")
    return safe("\n".join(text.splitlines()[-_TAIL_LINES:]))
