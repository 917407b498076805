"""Programs are run without a shell, end in time, and can tidy up when they are stopped."""

import signal
import sys
import threading
from pathlib import Path

import pytest

from idp.core import process
from idp.core.errors import AdapterError

TIDY = """
import signal, sys, time, pathlib
lock = pathlib.Path(sys.argv[1])
lock.touch()
def stop(*_):
    lock.unlink()
    sys.exit(1)
signal.signal(signal.SIGTERM, stop)
time.sleep(60)
"""


def test_what_looks_like_shell_is_an_argument(tmp_path: Path) -> None:
    done = process.run(["printf", "%s", "$(touch x); `touch y`"], cwd=tmp_path)
    assert done.stdout == "$(touch x); `touch y`"
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_are_no_text_come_back_as_they_went() -> None:
    done = process.run(["cat"], stdin=b"\xff\x00\xfe")
    assert process.run(["cat"], stdin=done.stdout).stdout.encode(errors="surrogateescape") == b"\xff\x00\xfe"


def test_a_missing_program_is_an_error_that_names_it() -> None:
    with pytest.raises(AdapterError, match="`no-such-program`"):
        process.run(["no-such-program"])


def test_a_program_that_overruns_its_time_removes_its_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with pytest.raises(AdapterError, match="did not finish within"):
        process.run([sys.executable, "-c", TIDY, lock], timeout=3)
    assert not lock.exists()


def test_an_interrupted_program_removes_its_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock"

    def interrupt() -> None:
        while not lock.exists():
            threading.Event().wait(0.05)
        threading.Event().wait(0.3)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        process.run([sys.executable, "-c", TIDY, lock])
    assert not lock.exists()
