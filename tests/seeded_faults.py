"""Faults planted into a service, one at a time, and the rules that must notice."""

import shutil
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from idp.standards.check import check
from idp.standards.scorecard import Scorecard

WORKERS = 4


@dataclass(frozen=True)
class Fault:
    """Texts replaced in files, and the IDs of exactly the rules that fail then."""

    name: str
    edits: tuple[tuple[str, str, str], ...]
    rules: frozenset[str]


def fault(name: str, *rules: str, edits: Iterable[tuple[str, str, str]]) -> Fault:
    """A fault; each edit is (path, old text, new text)."""
    return Fault(name, tuple(edits), frozenset(rules))


def plant(service: Path, one: Fault) -> None:
    """Break a copy of a service; an edit that finds nothing to replace fails the test."""
    for path, old, new in one.edits:
        file = service / path
        text = file.read_text()
        assert old in text, f"{one.name}: {path} has no {old!r}"
        file.write_text(text.replace(old, new))


class Checks:
    """Live checks of broken copies, a few at a time; the first alone, to fill the byte-code caches."""

    def __init__(self, original: Path, folder: Path, faults: Iterable[Fault]) -> None:
        self._pool = ThreadPoolExecutor(max_workers=WORKERS)
        self._results: dict[str, Future[Scorecard]] = {}
        for number, one in enumerate(faults):
            self._results[one.name] = self._pool.submit(self._check, original, folder / str(number), one)
            if number == 0:
                wait([self._results[one.name]])

    @staticmethod
    def _check(original: Path, copy: Path, one: Fault) -> Scorecard:
        ignored = shutil.ignore_patterns("__pycache__", ".mypy_cache", ".ruff_cache", ".venv")
        shutil.copytree(original, copy, symlinks=True, ignore=ignored)
        environment = original / ".venv"
        if environment.exists():
            (copy / ".venv").symlink_to(environment)
        plant(copy, one)
        return check(copy, live=True)

    def of(self, one: Fault) -> Scorecard:
        """The scorecard of the service with this fault."""
        return self._results[one.name].result(timeout=600)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def explained(scorecard: Scorecard) -> str:
    """The failed rules with their findings, for a test's message."""
    return "\n".join(
        f"{result.rule.id}: {[finding.message for finding in result.findings]}"
        for result in scorecard.results
        if result.findings
    )
