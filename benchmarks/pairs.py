"""Two commands in turn, A B A B …, and the ratio of each pair: what holds when a machine's speed drifts."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

# Users run compiled bytecode; a benchmark that compiles every module anew measures the compiler.
_ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Ratio:
    """One comparison: medians over all pairs, seconds for absolute figures."""

    name: str
    ours: float
    peer: float
    ratio: float
    target: float
    unit: str = "s"

    @property
    def met(self) -> bool:
        return self.ratio <= self.target

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "met": self.met}


def wall_seconds(argv: Sequence[str | Path], cwd: Path) -> float:
    """How long a command takes from start to end; it has to succeed."""
    start = time.perf_counter()
    subprocess.run(
        [str(part) for part in argv], cwd=cwd, stdout=subprocess.DEVNULL, check=True, env=_ENVIRONMENT
    )
    return time.perf_counter() - start


def paired(
    name: str, ours: Callable[[int], float], peer: Callable[[int], float], *, target: float, pairs: int
) -> Ratio:
    """Measure both in turn after one warm-up of each; each callable gets the pair's number."""
    ours(0), peer(0)
    samples = [(ours(number), peer(number)) for number in range(1, pairs + 1)]
    return Ratio(
        name=name,
        ours=statistics.median(sample[0] for sample in samples),
        peer=statistics.median(sample[1] for sample in samples),
        ratio=statistics.median(sample[0] / sample[1] for sample in samples),
        target=target,
    )


def program(name: str) -> Path:
    """A console script beside this interpreter."""
    return Path(sys.executable).with_name(name)
