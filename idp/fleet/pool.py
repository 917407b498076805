"""A pool of processes for one function over many services: an interrupt ends it, a dead worker does not."""

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
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
_STOPPING = threading.Event()
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
    left = dict(items)
    for name, result in _round(function, items, max(1, min(jobs or os.cpu_count() or 1, len(items)))):
        del left[name]
        yield name, result
    # A worker that is killed takes its pool with it: whoever is left gets one of its own.
    for name, item in left.items():
        alone = dict(_round(function, {name: item}, 1))
        yield name, alone.get(name)


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
    pool = ProcessPoolExecutor(jobs, _context(), _become_worker, (dict(os.environ), Path.cwd()))
    try:
        yield pool
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _context() -> BaseContext:
    """Workers are forked from a process of one thread, where what each of them needs is imported once.

    Forked from this process, which has threads, a worker could wait for ever for a lock that one of them held.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["copier", "idp.fleet.work", "idp.fleet.drift"])
    return context


def _become_worker(environment: Mapping[str, str], folder: Path) -> None:
    """Ctrl-C is the parent's to handle; SIGTERM stops this worker, and so does the parent's death.

    Args:
        environment: the parent's variables now; the process that workers are forked from may be older.
        folder: the parent's current one.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
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
    """The parent's end is told by a pipe that no other process holds open."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_CLEAN_UP_SECONDS)
    os._exit(1)
