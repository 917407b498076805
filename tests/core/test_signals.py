"""Signals as exceptions: none is lost, none breaks an import."""

import importlib
import inspect
import signal
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.abc import MetaPathFinder
from typing import Never

import pytest

from idp.core import signals as interruption
from tests.support import ROOT, run

SIGNALS = [(signal.SIGTERM, interruption.Terminated), (signal.SIGINT, KeyboardInterrupt)]


def interruptible(work: Callable[[], None]) -> None:
    with interruption.raised():
        work()


@pytest.fixture(autouse=True)
def handlers_are_restored() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers], sys.unraisablehook
    yield
    assert ([signal.getsignal(number) for number in numbers], sys.unraisablehook) == before


@pytest.mark.parametrize(("number", "exception"), SIGNALS)
def test_a_signal_is_raised_where_the_program_is(
    number: signal.Signals, exception: type[BaseException]
) -> None:
    reached: list[str] = []

    def work() -> None:
        signal.raise_signal(number)
        reached.append("went on")

    with pytest.raises(exception):
        interruptible(work)
    assert reached == []


@pytest.mark.parametrize("rest", [0.0, 5.0], ids=["at the end", "with more to do"])
@pytest.mark.parametrize(("number", "exception"), SIGNALS)
def test_a_signal_inside_the_import_system_is_raised_after_it(
    number: signal.Signals, exception: type[BaseException], rest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[str] = []

    class Finder(MetaPathFinder):
        def find_spec(self, *_: object) -> None:
            here = inspect.currentframe()
            handler = signal.getsignal(number)
            assert callable(handler)
            handler(number, here.f_back if here else None)
            reached.append("import")

    def work() -> None:
        with suppress(ModuleNotFoundError):
            importlib.import_module("no_such_module")
        time.sleep(rest)
        reached.append("end")

    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(exception):
        interruptible(work)
    assert reached == (["import"] if rest else ["import", "end"])


@pytest.mark.parametrize(("number", "exception"), SIGNALS)
def test_a_signal_in_a_callback_that_python_runs_is_not_lost(
    number: signal.Signals, exception: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    reached: list[str] = []

    class Thing:
        pass

    def work() -> None:
        thing = Thing()
        reference = weakref.ref(thing, lambda _: signal.raise_signal(number))
        del thing
        assert reference() is None
        time.sleep(5)
        reached.append("went on")

    with pytest.raises(exception):
        interruptible(work)
    assert reached == []
    assert capsys.readouterr().err == ""


def test_an_interrupt_that_the_caller_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruption.raised():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_errors_in_callbacks_are_reported_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: reported.append(str(lost.exc_value)))

    class Thing:
        def __del__(self) -> Never:
            raise ValueError("mine")

    with interruption.raised():
        Thing()
    assert reported == ["mine"]


@pytest.mark.parametrize("module", ["typer", "idp.cli.platforms", "idp.output.boundary"])
def test_an_interrupt_while_the_program_is_loaded_shows_no_traceback(module: str) -> None:
    script = f"""
import os, signal, sys
from idp.__main__ import main

class Finder:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
sys.argv = ["idp", "templates"]
main()
"""
    done = run(sys.executable, "-c", script, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\nInterrupted.\n")
