"""Prints: results as text or as the JSON envelope, errors, progress. Decides nothing.

Rich is imported lazily: with `--output json` and for errors without a terminal it is not needed.
"""

import importlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING

from idp.core.errors import IdpError
from idp.core.result import Envelope, failed, succeeded
from idp.core.text import safe

if TYPE_CHECKING:
    from rich.console import Console

    from idp.standards.scorecard import Scorecard

WIDTH_WITHOUT_TERMINAL = 140


def terminal(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(
        stderr=stderr, width=width, highlight=False, markup=False, emoji=False, soft_wrap=not stream.isatty()
    )


def show(
    command: str, data: object, *, as_json: bool, error: IdpError | None = None, view: str | None = None
) -> None:
    """Print a command's result on stdout; `error` says what is wrong with it, where something is.

    Args:
        command: as the envelope names it.
        data: what the command returned.
        as_json: the envelope instead of text.
        error: see above.
        view: the module of `idp.output.views` that draws it; None takes the command's own.
    """
    if as_json:
        _print_json(failed(command, error, data) if error else succeeded(command, data))
        return
    from rich.text import Text

    draw = _view(view or command).view
    console = terminal()
    with console.capture() as captured:
        for renderable in draw(data):
            console.print(renderable, crop=not isinstance(renderable, Text))
    # Rich fills table cells up with spaces, which a file or a pipe should not get.
    sys.stdout.write("\n".join(line.rstrip(" ") for line in captured.get().split("\n")))


def preload(command: str, *, as_json: bool) -> None:
    """Import what `show` will need: it takes as long as Git takes for a commit."""
    if not as_json:
        terminal()
        _view(command)


@contextmanager
def preloading(command: str, *, as_json: bool) -> Iterator[None]:
    """Have `preload` done by a thread while the body runs, whose time is other programs'."""

    def quietly() -> None:
        with suppress(ImportError):  # `show` meets it again, where it is told
            preload(command, as_json=as_json)

    thread = Thread(target=quietly)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _view(command: str) -> ModuleType:
    return importlib.import_module(f"idp.output.views.{command.partition(' ')[0]}")


def show_sarif(scorecard: "Scorecard") -> None:
    from idp.standards.sarif import scorecard_to_sarif

    json.dump(scorecard_to_sarif(scorecard), sys.stdout, indent=2)
    sys.stdout.write("\n")


def show_error(command: str, error: IdpError, *, as_json: bool) -> None:
    """Print an expected failure: the envelope on stdout, or two lines on stderr."""
    if as_json:
        _print_json(failed(command, error))
        return
    console = terminal(stderr=True)
    from rich.text import Text

    console.print(Text.assemble(("error: ", "bold red"), safe(error.message)))
    if error.hint:
        # It may be a command: a line that is broken cannot be pasted.
        console.print(Text.assemble(("  next: ", "bold cyan"), safe(error.hint)), soft_wrap=True)


def _print_json(envelope: Envelope) -> None:
    json.dump(envelope.as_json(), sys.stdout, indent=2)
    sys.stdout.write("\n")


@contextmanager
def progress(*, enabled: bool) -> Iterator[Callable[[str], None]]:
    """A spinner on stderr whose text the caller changes; nothing where stderr is no terminal."""
    if not (enabled and sys.stderr.isatty()):
        yield lambda _text: None
        return
    with terminal(stderr=True).status("…") as status:
        yield lambda text: status.update(safe(text))


@contextmanager
def bar(*, enabled: bool) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on stderr, told (done, of, what); nothing where stderr is no terminal.

    It draws when it is told to and never by itself: a thread of its own would not survive forking.
    """
    if not (enabled and sys.stderr.isatty()):
        yield lambda _done, _of, _what: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=terminal(stderr=True), auto_refresh=False, transient=True) as display:
        task = display.add_task("…")

        def on_progress(done: int, of: int, what: str) -> None:
            display.update(task, completed=done, total=of, description=safe(what), refresh=True)

        yield on_progress


@contextmanager
def steps(titles: Sequence[str], *, enabled: bool) -> Iterator[Callable[[int, str], None]]:
    """A step list on stderr: on a terminal a live display, elsewhere one line at each step's start."""
    if not enabled:
        yield lambda _index, _detail: None
        return
    if not sys.stderr.isatty():
        yield _plain_steps(titles)
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=terminal(stderr=True)) as display:
        tasks = [display.add_task(title, total=1, start=False) for title in titles]

        def on_step(index: int, detail: str) -> None:
            for task in tasks[:index]:
                display.update(task, completed=1)
            display.start_task(tasks[index])
            shown = f"{titles[index]}: {safe(detail)}" if detail else titles[index]
            display.update(tasks[index], description=shown)

        yield on_step
        display.update(tasks[-1], completed=1, description=titles[-1])


def _plain_steps(titles: Sequence[str]) -> Callable[[int, str], None]:
    def on_step(index: int, detail: str) -> None:
        if not detail:
            sys.stderr.write(f"[{index + 1}/{len(titles)}] {titles[index]}\n")
            sys.stderr.flush()

    return on_step
