"""A pool of processes for one function over many services: an interrupt ends it, a dead worker does not."""

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
_STOPPING = threading.Event()
_LOOK_SECONDS = 0.5
_CLEAN_UP_SECONDS = 3


def pooled(
    function: Callable[[T], R], items: Mapping[str, T], jobs: int | None
) -> Iterator[tuple[str, R | None]]:
    """Each item's name and result, as each is done; None where the worker was killed.

    Args:
        function: of a module; what it takes and returns can be pickled.
        items: name → what the function takes.
        jobs: processes; None takes one a processor.
    """
    if not items:
        return
    _prepare_for_forking()
    left = dict(items)
    for name, result in _round(function, items, max(1, min(jobs or os.cpu_count() or 1, len(items)))):
        del left[name]
        yield name, result
    # A worker that is killed takes its pool with it: whoever is left gets one of its own.
    for name, item in left.items():
        alone = dict(_round(function, {name: item}, 1))
        yield name, alone.get(name)


def _prepare_for_forking() -> None:
    """What every worker needs is imported once, and shared with all of them."""
    import copier  # noqa: F401

    gc.freeze()


def _round(function: Callable[[T], R], items: Mapping[str, T], jobs: int) -> Iterator[tuple[str, R]]:
    """Results from one pool; it ends early where a worker is killed."""
    with _pool(jobs) as pool:
        futures: dict[Future[R], str] = {
            pool.submit(_call, function, item): name for name, item in items.items()
        }
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except (BrokenProcessPool, SystemExit):
            return


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """A pool whose workers are told to stop where they are on the way out of an interrupt."""
    pool = ProcessPoolExecutor(jobs, _context(), _become_worker)
    try:
        yield pool
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _context() -> BaseContext:
    """Forked workers start with Copier imported and every template version looked up."""
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _become_worker() -> None:
    """Ctrl-C is the parent's to handle; SIGTERM stops this worker, and so does the parent's death."""
    gc.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _stop(*_: object) -> None:
    _STOPPING.set()
    sys.exit(0)


def _call(function: Callable[[T], R], item: T) -> R:
    """What the pool had handed to a worker before it was told to stop is not begun any more."""
    if _STOPPING.is_set():
        sys.exit(0)
    return function(item)


def _end_with_parent() -> None:
    """A killed parent closes no pipe that a sibling still holds open, so its number is what tells."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_CLEAN_UP_SECONDS)
    os._exit(1)
