"""SIGINT and SIGTERM as exceptions that neither get lost nor leave an import half done.

A signal's exception can be raised between any two instructions. Where Python itself runs Python code it does harm:
inside the import system a lock stays taken, and the next import waits for ever; from a finalizer or a weak
reference's callback it is printed and forgotten. There it is put off for a moment.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

MESSAGE = "\nInterrupted.\n"
_SOON_SECONDS = 0.01
_IMPORT_SYSTEM = "<frozen importlib"


class Terminated(BaseException):
    """SIGTERM, as an exception, so that temporary folders are removed on the way out."""


@contextmanager
def raised() -> Iterator[None]:
    """Inside the block SIGTERM raises `Terminated`, and SIGINT, unless it is ignored, `KeyboardInterrupt`."""
    numbers = [signal.SIGTERM, signal.SIGALRM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        numbers.append(signal.SIGINT)
    hook = sys.unraisablehook
    handling = _Handling(hook)
    before = {number: signal.signal(number, handling.on_signal) for number in numbers}
    sys.unraisablehook = handling.on_unraisable
    try:
        yield
    finally:
        if handling.pending:
            signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)
    if handling.pending:
        raise handling.pending


class _Handling:
    """What is put off comes back as SIGALRM."""

    def __init__(self, hook: Callable[["sys.UnraisableHookArgs"], object]) -> None:
        self.pending: type[BaseException] | None = None
        self._hook = hook

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        exception = _EXCEPTIONS.get(number, self.pending)
        if exception is None:
            return
        if frame and frame.f_code.co_filename.startswith(_IMPORT_SYSTEM):
            self._put_off(exception)
            return
        self.pending = None
        raise exception

    def on_unraisable(self, lost: "sys.UnraisableHookArgs") -> None:
        if lost.exc_type in _EXCEPTIONS.values():
            self._put_off(lost.exc_type)
        else:
            self._hook(lost)

    def _put_off(self, exception: type[BaseException]) -> None:
        self.pending = exception
        signal.setitimer(signal.ITIMER_REAL, _SOON_SECONDS)


_EXCEPTIONS: dict[int, type[BaseException]] = {
    signal.SIGTERM: Terminated,
    signal.SIGINT: KeyboardInterrupt,
}
