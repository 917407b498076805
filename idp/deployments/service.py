"""One service's deployment, from the lock to the good mark; whatever stops it, the next one finishes it."""

import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from idp.core.errors import IdpError, UserError
from idp.deployments.attempt import Attempt, leaf, try_release
from idp.deployments.engines.engine import load
from idp.deployments.job import Facts, Job, facts
from idp.deployments.lock import locked
from idp.deployments.model import Deployment, DeploymentState, Fault, is_to_blame
from idp.deployments.rollback import withdraw
from idp.environments import repository
from idp.environments.pin import Pin
from idp.releases.good_mark import good_message, good_tag

_NOTHING_RELEASED = "nothing is released here yet"


def deploy_service(job: Job) -> Deployment:
    """Deploy what the branch's tip pins now; roll back a release that turns out to be bad.

    Nothing but an interrupt gets out of it: a failure is this service's state, and the next one's turn comes.
    """
    started = time.monotonic()
    try:
        with locked(*job.names, lambda: job.say("waits for another deployment")):
            repository.refresh(job.environments)
            done = _deployed(job)
    except IdpError as error:
        done = Deployment(job.service, DeploymentState.FAILED, reason=_words(error))
    return replace(done, seconds=round(time.monotonic() - started, 1))


def plan_service(job: Job) -> Deployment:
    """What a deployment would do now; changes nothing, and does not see whether what runs is well.

    A service that mounts files of its overlay counts as one that would be deployed: here they lie somewhere else.
    """
    try:
        found = facts(job)
        if (pin := found.pin) is None:
            return Deployment(job.service, DeploymentState.SKIPPED, reason=_NOTHING_RELEASED)
        _refuse_held(found, pin)
        with TemporaryDirectory(prefix="idp-deploy-") as folder:
            repository.export(job.environments, found.commit, Path(folder))
            engine = load(job.target, job.environment, leaf(Path(folder), job), pin)
            state = DeploymentState.UNCHANGED if engine.is_current() else DeploymentState.DEPLOYED
            return Deployment(job.service, state, pin.version, pin.digest, engine.url())
    except IdpError as error:
        return Deployment(job.service, DeploymentState.FAILED, reason=_words(error))


def _deployed(job: Job) -> Deployment:
    found = facts(job)
    if (pin := found.pin) is None:
        return Deployment(job.service, DeploymentState.SKIPPED, reason=_NOTHING_RELEASED)
    _refuse_held(found, pin)
    attempt = try_release(job, found.commit, pin, known=found.is_good(pin))
    if attempt.fault is None:
        return _marked(found, pin, attempt)
    if not is_to_blame(attempt.fault, pin, (mark.digest for mark in found.marks)):
        return _failed(job, pin, _unblamed(found, pin, attempt.fault))
    job.say(f"holds {pin.version}, goes back to the last known good release")
    try:
        withdraw(job, pin, attempt.fault)
    except IdpError as error:
        return _failed(job, pin, f"{attempt.fault.told} It could not be rolled back: {_words(error)}")
    return replace(_gone_back(job, pin, attempt.fault), held=True)


def _gone_back(job: Job, bad: Pin, fault: Fault) -> Deployment:
    """Have what is pinned now serve, and say what that is."""
    found = facts(job)
    pin = found.pin
    if pin is None or pin == bad:
        said = f"{fault.told} There is no last known good release to go back to; {bad.version} is held."
        return _failed(job, bad, said)
    attempt = try_release(job, found.commit, pin, known=True)
    if attempt.fault is not None:
        said = (
            f"{fault.told} It is held, and {pin.version} is pinned again, but that does not hold either: "
            f"{attempt.fault.told} Look at what both depend on."
        )
        return replace(_failed(job, pin, said), failed_version=bad.version)
    said = f"{fault.told} It is held, and {pin.version} serves again."
    done = _marked(found, pin, attempt)
    return replace(done, state=DeploymentState.ROLLED_BACK, reason=said, failed_version=bad.version)


def _failed(job: Job, pin: Pin, reason: str) -> Deployment:
    return Deployment(job.service, DeploymentState.FAILED, pin.version, pin.digest, reason=reason)


def _unblamed(found: Facts, pin: Pin, fault: Fault) -> str:
    if not fault.of_release:
        return fault.told
    mark = next(mark for mark in found.marks if mark.digest == pin.digest)
    on = f" on {mark.at:%Y-%m-%d}" if mark.at else ""
    return (
        f"{fault.told} The release was verified here{on}, so it is not to blame: look at what "
        "changed since, its config.env or what it depends on. Nothing was held or rolled back."
    )


def _marked(found: Facts, pin: Pin, attempt: Attempt) -> Deployment:
    """Say in Git that the release was verified here."""
    job = found.job
    name = good_tag(*job.names, pin.version)
    if not found.is_good(pin):
        made = repository.add_tag(job.environments, name, found.commit, good_message(*job.names, pin))
        if not made and not any(mark.digest == pin.digest for mark in facts(job).marks):
            raise UserError(
                "good-mark-taken",
                f"{pin.version} works, but the tag {name} vouches for another image of that version.",
                "Release this image as a new version, and promote that.",
            )
    state = DeploymentState.DEPLOYED if attempt.changed else DeploymentState.UNCHANGED
    return Deployment(job.service, state, pin.version, pin.digest, attempt.engine.url(), good=name)


def _refuse_held(found: Facts, pin: Pin) -> None:
    hold = found.hold_of(pin)
    if hold is not None:
        where = f"{found.job.service} --env {found.job.environment.name}"
        raise UserError(
            "release-held",
            f"{pin.version} is held: {hold.reason or 'no reason was given'}.",
            f"`idp rollback {where}` goes back; `idp hold {where} --release {pin.version} --lift` lifts the hold.",
        )


def _words(error: IdpError) -> str:
    return f"{error.message} {error.hint}".strip()
