"""One service's deployment, from the lock to the good mark; whatever stops it, the next one finishes it."""

import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from idp.adapters import environments_repository as repository
from idp.adapters.deployment_lock import locked
from idp.commands.deploy_attempt import Attempt, leaf, try_release
from idp.commands.deploy_engine import load
from idp.commands.deploy_job import Job, good_marks, holds_and_lifts, read_pin
from idp.commands.deploy_rollback import Withdrawn, withdraw
from idp.domain.deployment import Deployment, DeploymentState, Fault, is_to_blame
from idp.domain.good_mark import GoodMark, good_message, good_tag
from idp.domain.hold import active, barring
from idp.domain.release import Pin
from idp.errors import IdpError, UserError

_NOTHING_RELEASED = "nothing is released here yet"


def deploy_service(job: Job) -> Deployment:
    """Deploy what the branch's tip pins now; roll back a release that turns out to be bad.

    Nothing but an interrupt gets out of it: a failure is this service's state, and the next one's turn comes.
    """
    started = time.monotonic()
    try:
        with locked(*job.place, lambda: job.say("waits for another deployment")):
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
        commit = repository.tip(job.environments)
        pin = read_pin(job, commit)
        if pin is None:
            return Deployment(job.service, DeploymentState.SKIPPED, reason=_NOTHING_RELEASED)
        _refuse_held(job, pin)
        with TemporaryDirectory(prefix="idp-deploy-") as folder:
            repository.export(job.environments, commit, Path(folder))
            engine = load(job.target, job.environment, leaf(Path(folder), job), pin)
            state = DeploymentState.UNCHANGED if engine.is_current() else DeploymentState.DEPLOYED
            return Deployment(job.service, state, pin.version, pin.digest, engine.url())
    except IdpError as error:
        return Deployment(job.service, DeploymentState.FAILED, reason=_words(error))


def _deployed(job: Job) -> Deployment:
    commit = repository.tip(job.environments)
    pin = read_pin(job, commit)
    if pin is None:
        return Deployment(job.service, DeploymentState.SKIPPED, reason=_NOTHING_RELEASED)
    _refuse_held(job, pin)
    marks = good_marks(job)
    attempt = try_release(job, commit, pin)
    if attempt.fault is None:
        return _marked(job, commit, pin, marks, attempt)
    if not is_to_blame(attempt.fault, pin, (mark.digest for mark in marks)):
        return _failed(job, pin, _unblamed(attempt.fault, pin, marks))
    job.say(f"holds {pin.version} and looks for the last known good release")
    withdrawn = withdraw(job, pin, attempt.fault)
    return _gone_back(job, pin, attempt.fault, withdrawn)


def _gone_back(job: Job, bad: Pin, fault: Fault, withdrawn: Withdrawn) -> Deployment:
    """Have what is pinned now serve, and say what that is."""
    pin = withdrawn.pin
    if pin is None:
        said = f"{fault.reason} There is no last known good release to go back to; {bad.version} is held."
        return replace(_failed(job, bad, said), held=True)
    attempt = try_release(job, withdrawn.commit, pin)
    if attempt.fault is not None:
        said = (
            f"{fault.reason} It is held, and {pin.version} is pinned again, but that does not hold either: "
            f"{attempt.fault.reason} {attempt.fault.hint or 'Look at what both depend on.'}"
        )
        return replace(_failed(job, pin, said), held=True, failed_version=bad.version)
    done = _marked(job, withdrawn.commit, pin, good_marks(job), attempt)
    said = f"{fault.reason} It is held, and {pin.version} serves again."
    return replace(
        done, state=DeploymentState.ROLLED_BACK, reason=said, failed_version=bad.version, held=True
    )


def _failed(job: Job, pin: Pin, reason: str) -> Deployment:
    return Deployment(job.service, DeploymentState.FAILED, pin.version, pin.digest, reason=reason)


def _unblamed(fault: Fault, pin: Pin, marks: list[GoodMark]) -> str:
    if not fault.of_release:
        return f"{fault.reason} {fault.hint}".strip()
    mark = next(mark for mark in marks if mark.digest == pin.digest)
    return (
        f"{fault.reason} The release was verified here on {mark.at:%Y-%m-%d}, so it is not to blame: look at what "
        "changed since, its config.env or what it depends on. Nothing was held or rolled back."
    )


def _marked(job: Job, commit: str, pin: Pin, marks: list[GoodMark], attempt: Attempt) -> Deployment:
    """Say in Git that the release was verified here."""
    name = good_tag(*job.place, pin.version)
    if not any((mark.version, mark.digest) == (pin.version, pin.digest) for mark in marks):
        made = repository.add_tag(job.environments, name, commit, good_message(*job.place, pin))
        if not made and not any(mark.digest == pin.digest for mark in good_marks(job)):
            raise UserError(
                "good-mark-taken",
                f"{pin.version} works, but the tag {name} vouches for another image of that version.",
                "Release this image as a new version, and promote that.",
            )
    state = DeploymentState.DEPLOYED if attempt.changed else DeploymentState.UNCHANGED
    return Deployment(job.service, state, pin.version, pin.digest, attempt.engine.url(), good=name)


def _refuse_held(job: Job, pin: Pin) -> None:
    hold = barring(active(holds_and_lifts(job)), *job.place, pin)
    if hold is not None:
        where = f"{job.service} --env {job.environment.name}"
        raise UserError(
            "release-held",
            f"{pin.version} is held: {hold.reason or 'no reason was given'}.",
            f"`idp rollback {where}` goes back; `idp hold {where} --release {pin.version} --lift` lifts the hold.",
        )


def _words(error: IdpError) -> str:
    return f"{error.message} {error.hint}".strip()
