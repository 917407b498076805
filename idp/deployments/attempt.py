"""One try at having a release run."""

from dataclasses import dataclass
from pathlib import Path

from idp.deployments import folder as deployment_folder
from idp.deployments.engines.engine import Engine, load
from idp.deployments.job import Job
from idp.deployments.lock import locked
from idp.deployments.model import Fault, Instance
from idp.deployments.verify import verify
from idp.environments import repository
from idp.environments.pin import Pin

_APPLY = "_apply"


@dataclass(frozen=True)
class Attempt:
    """How the try went.

    Attributes:
        fault: why the release does not hold, None if it does.
        changed: whether anything that runs was replaced.
    """

    engine: Engine
    fault: Fault | None
    changed: bool


def try_release(job: Job, commit: str, pin: Pin, *, known: bool) -> Attempt:
    """Have a commit's release run, and see whether it holds.

    Args:
        job: what is asked for.
        commit: of the environments repository.
        pin: what it pins.
        known: the release was verified here before; if nothing of it is replaced, a short look is enough.

    Raises:
        UserError: the overlay cannot be deployed.
        AdapterError: Git or the engine failed.
    """
    folder = deployment_folder.lay_out(
        job.environments.source, *job.names, lambda fresh: repository.export(job.environments, commit, fresh)
    )
    engine = load(job.target, job.environment, leaf(folder, job), pin)
    before = _running(engine.instances())
    fault = _started(job, engine, pin)
    changed = _running(engine.instances()) != before
    if fault is None:
        job.say(f"verifies {pin.version}")
        settle = job.settle if changed or not known else 0.0
        fault = verify(engine, pin, job.smoke, timeout=job.timeout, settle=settle)
    return Attempt(engine, fault, changed)


def leaf(folder: Path, job: Job) -> Path:
    """The service's overlay below the folder of an exported commit."""
    return folder.joinpath("environments", *job.names)


def _started(job: Job, engine: Engine, pin: Pin) -> Fault | None:
    job.say(f"gets {pin.version}")
    if fault := engine.pull(pin.image):
        return fault
    job.say(f"starts {pin.version}")
    # Projects share the environment's network: two that start together would both make it.
    with locked(job.environment.name, _APPLY):
        return engine.apply(job.timeout)


def _running(instances: tuple[Instance, ...]) -> set[str]:
    return {each.identity for each in instances if each.running}
