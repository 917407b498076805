"""`idp demo`: the main job from end to end, in a temporary folder, on real parts."""

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from idp.core import process
from idp.core.errors import ChecksFailed, UserError
from idp.demo.delivery import delivering
from idp.demo.init import init
from idp.services.create import create
from idp.standards.check import check
from idp.standards.scorecard import Scorecard

STEPS = (
    "Make a platform repository",
    "Create a service from its FastAPI template",
    "Install the service's locked dependencies",
    "Run the service's own lint and tests",
    "Start it, check it live against the contract, stop it",
    "Build its image, release it by its digest",
    "Promote it from dev to staging to prod, deployed and verified in each",
    "Release one that fails in prod, have it rolled back",
)

OnStep = Callable[[int, str], None]
"""Called with a step's index and what is happening in it, at its start and as it goes on."""


@dataclass(frozen=True)
class DemoPlan:
    """What the demo would do."""

    steps: Sequence[str]


@dataclass(frozen=True)
class Step:
    """One finished step, the seconds that it took, and what was seen in it, a sentence an entry."""

    title: str
    seconds: float
    seen: Sequence[str] = ()


@dataclass(frozen=True)
class Demo:
    """What the demo did.

    Attributes:
        folder: None where it was deleted at the end.
        deployed: whether there was an engine to deploy to; without one the last steps show Git's part alone.
    """

    folder: Path | None
    steps: Sequence[Step]
    scorecard: Scorecard
    deployed: bool


def demo(*, keep: bool = False, on_step: OnStep = lambda *_: None) -> Demo:
    """Create a platform and a service, test it, check it live, bring it through the environments.

    Args:
        keep: leave the folder for the user to look around in.
        on_step: progress.

    Raises:
        UserError: a step failed; its last lines of output are in the message's hint.
        ChecksFailed: the service does not meet the contract.
    """
    steps: list[Step] = []
    with _folder(keep=keep) as folder:
        # A name of its own: Compose projects and networks are the machine's, and others may have a user-profile.
        platform, service = folder / "platform", folder / f"user-profile-{secrets.token_hex(2)}"
        with _timed(0, steps, on_step):
            init(platform)
        with _timed(1, steps, on_step):
            create(service.name, output_dir=folder, platform=str(platform))
        with _timed(2, steps, on_step):
            _make(service, "install")
        with _timed(3, steps, on_step):
            _make(service, "lint")
            _make(service, "test")
        with _timed(4, steps, on_step):
            scorecard = check(service, live=True, on_progress=lambda text: on_step(4, text))
        if not scorecard.passed:
            failed = scorecard.failed_rules
            raise ChecksFailed(
                "demo-failed", f"The demo's service fails {', '.join(failed)}.", "Please report this."
            )
        deployed = _deliver(platform, service, steps, on_step)
        return Demo(folder if keep else None, steps, scorecard, deployed)


def _deliver(platform: Path, service: Path, steps: list[Step], on_step: OnStep) -> bool:
    """The steps about environments; whether there was an engine to deploy to."""
    with ExitStack() as stack:
        with _timed(5, steps, on_step) as seen:
            shown = delivering(
                platform, service, partial(_make_image, service), lambda text: on_step(len(steps), text)
            )
            delivery = stack.enter_context(shown)
            seen.extend(delivery.release())
        with _timed(6, steps, on_step) as seen:
            seen.extend(delivery.promote())
        with _timed(7, steps, on_step) as seen:
            seen.extend(delivery.take_back())
        return delivery.engine


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="idp-demo-"))
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _timed(index: int, steps: list[Step], on_step: OnStep) -> Iterator[list[str]]:
    on_step(index, "")
    start, seen = time.monotonic(), list[str]()
    yield seen
    steps.append(Step(STEPS[index], round(time.monotonic() - start, 1), seen))


def _make_image(service: Path, *arguments: str) -> None:
    """Build on the machine's own network first, which reaches whatever the machine reaches; not every engine may."""
    try:
        _make(service, "image", "BUILD_FLAGS=--network host", *arguments)
    except UserError:
        _make(service, "image", *arguments)


def _make(service: Path, *arguments: str) -> None:
    done = process.run(
        ["make", "--no-print-directory", *arguments], cwd=service, unset=("VIRTUAL_ENV", "MAKEFLAGS")
    )
    if done.exit_code != 0:
        last = (done.stdout + done.stderr).strip().splitlines()[-15:]
        raise UserError(
            "demo-failed",
            f"`make {arguments[0]}` failed in the new service.",
            os.linesep.join(["Its last lines:", *last]),
        )
