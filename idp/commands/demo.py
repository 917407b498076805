"""`idp demo`: the main job from end to end, in a temporary folder, on real parts."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from idp.adapters import process
from idp.commands.check import check
from idp.commands.create import create
from idp.commands.init import init
from idp.domain.scorecard import Scorecard
from idp.errors import ChecksFailed, UserError

SERVICE = "user-profile"
STEPS = (
    "Make a platform repository",
    "Create a service from its FastAPI template",
    "Install the service's locked dependencies",
    "Run the service's own lint and tests",
    "Start it, check it live against the contract, stop it",
)

OnStep = Callable[[int, str], None]
"""Called with a step's index and what is happening in it, at its start and as it goes on."""


@dataclass(frozen=True)
class DemoPlan:
    """What the demo would do."""

    steps: Sequence[str]


@dataclass(frozen=True)
class Step:
    """One finished step and the seconds that it took."""

    title: str
    seconds: float


@dataclass(frozen=True)
class Demo:
    """What the demo did; `folder` is None where it was deleted at the end."""

    folder: Path | None
    steps: Sequence[Step]
    scorecard: Scorecard


def demo(*, keep: bool = False, on_step: OnStep = lambda *_: None) -> Demo:
    """Create a platform and a service, test it, check it live.

    Args:
        keep: leave the folder for the user to look around in.
        on_step: progress.

    Raises:
        UserError: a step failed; its last lines of output are in the message's hint.
        ChecksFailed: the service does not meet the contract.
    """
    steps: list[Step] = []
    with _folder(keep=keep) as folder:
        platform, service = folder / "platform", folder / SERVICE
        with _timed(0, steps, on_step):
            init(platform)
        with _timed(1, steps, on_step):
            create(SERVICE, output_dir=folder, platform=str(platform))
        with _timed(2, steps, on_step):
            _make("install", service)
        with _timed(3, steps, on_step):
            _make("lint", service)
            _make("test", service)
        with _timed(4, steps, on_step):
            scorecard = check(service, live=True, on_progress=lambda text: on_step(4, text))
        if not scorecard.passed:
            failed = scorecard.failed_rules
            raise ChecksFailed(
                "demo-failed", f"The demo's service fails {', '.join(failed)}.", "Please report this."
            )
        return Demo(folder if keep else None, steps, scorecard)


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="idp-demo-"))
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _timed(index: int, steps: list[Step], on_step: OnStep) -> Iterator[None]:
    on_step(index, "")
    start = time.monotonic()
    yield
    steps.append(Step(STEPS[index], round(time.monotonic() - start, 1)))


def _make(target: str, service: Path) -> None:
    done = process.run(
        ["make", "--no-print-directory", target], cwd=service, unset=("VIRTUAL_ENV", "MAKEFLAGS")
    )
    if done.exit_code != 0:
        last = (done.stdout + done.stderr).strip().splitlines()[-15:]
        raise UserError(
            "demo-failed",
            f"`make {target}` failed in the new service.",
            os.linesep.join(["Its last lines:", *last]),
        )
