"""A deployment: what runs after it, whether that is the release, and whether a fault is the release's own."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from idp.core.http import Exchange
from idp.environments.pin import Pin

READY_PATH = "/health/ready"
METRICS_PATH = "/metrics"
MOST_RESTARTS = 3
"""As often may a container be restarted before it is first ready: what it depends on may still be starting."""

_BUILD_INFO = re.compile(r"^service_build_info\{(?P<labels>[^}]*)\}", re.MULTILINE)
_VERSION_LABEL = re.compile(r'(?:^|,)version="(?P<version>[^"\\]*)"')
_OK = 200
_SHOWN = 300


class DeploymentState(StrEnum):
    """What became of one service in a deployment."""

    DEPLOYED = "deployed"
    UNCHANGED = "unchanged"
    ROLLED_BACK = "rolled-back"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Deployment:
    """One service's deployment.

    Attributes:
        state: `rolled-back`: the release failed, and the last known good one serves again.
        version: of the release that the environment pins now, None where it pins none.
        digest: that release's.
        url: where it answers, None where nothing does.
        seconds: how long it took.
        reason: why the state is what it is; empty for `deployed` and `unchanged`.
        failed_version: the release that did not hold, where it is another than `version`.
        held: whether a release was held because of this deployment.
        good: the mark that says so if what runs was verified, such as `good/prod/shop/1.2.0`.
    """

    service: str
    state: DeploymentState
    version: str | None = None
    digest: str | None = None
    url: str | None = None
    seconds: float = 0.0
    reason: str = ""
    failed_version: str | None = None
    held: bool = False
    good: str | None = None


@dataclass(frozen=True)
class Instance:
    """One container or pod of a service.

    Attributes:
        identity: changes when it is replaced.
        main: whether it runs the release; the others stand beside it.
        digests: those of its image.
        running: whether its process lives.
        restarts: how often it was started again.
        exit_code: of the process that ended last, None where none has.
        detail: the engine's own words about its state.
        healthy: what the engine's own check of it says; None where it has none.
    """

    identity: str
    main: bool
    digests: tuple[str, ...]
    running: bool
    restarts: int
    exit_code: int | None = None
    detail: str = ""
    healthy: bool | None = None


@dataclass(frozen=True)
class Fault:
    """Why a deployment did not hold.

    Attributes:
        reason: one sentence.
        of_release: whether another release would have done better, so that this one is held and rolled back;
            False where the engine, the registry, the configuration or a second deployment is at fault.
        hint: what to do where it is not the release.
        last_words: what the service wrote last. Shown, but never written to Git: nobody knows what is in it.
    """

    reason: str
    of_release: bool
    hint: str = ""
    last_words: str = ""

    @property
    def told(self) -> str:
        """The reason, what the service wrote last, and what to do."""
        words = f"Its last words: {self.last_words[:_SHOWN]}" if self.last_words else ""
        return " ".join(filter(None, (self.reason, words, self.hint)))


def built_version(metrics: bytes) -> str | None:
    """The version that a service says it is, from `service_build_info` of its metrics; None where it says none."""
    found = _BUILD_INFO.search(metrics.decode(errors="replace"))
    label = _VERSION_LABEL.search(found["labels"]) if found else None
    return label["version"] if label else None


def start_fault(instances: Sequence[Instance]) -> Fault | None:
    """Whether it is plain already that a start cannot succeed."""
    for each in instances:
        if not each.running and each.exit_code:
            return _crash(f"It crashed at the start (exit code {each.exit_code}).", each)
        if each.restarts >= MOST_RESTARTS:
            return _crash(f"It crashes at every start ({each.restarts} restarts).", each)
    return None


def _crash(reason: str, instance: Instance) -> Fault:
    return Fault(reason, instance.main, last_words=instance.detail)


def readiness_fault(last: Exchange, instances: Sequence[Instance], seconds: float) -> Fault:
    """The fault of a service that did not become ready in time, with the checks that it names.

    A service that is healthy where it runs, and answers nothing at all from here, has a way between the two at fault.
    """
    if last.status is None and any(each.main and each.healthy for each in instances):
        return Fault(
            f"It is healthy where it runs, but cannot be reached from here: {last.outcome}.",
            False,
            "Run `idp deploy` on the engine's own machine, not in a container of it; look for a firewall.",
        )
    checks = last.mapping.get("checks")
    failed = _failed_checks(checks) if isinstance(checks, Mapping) else ""
    return Fault(
        f"It was not ready within {seconds:g} s: {last.path} answered {last.outcome}{failed}.",
        of_release=True,
    )


def _failed_checks(checks: Mapping[str, object]) -> str:
    failed = [f"{name}: {state}" for name, state in checks.items() if state != "ok"]
    return f" ({'; '.join(failed)})"[:_SHOWN] if failed else ""


def identity_fault(pin: Pin, instances: Sequence[Instance]) -> Fault | None:
    """Whether what runs is anything but the image of the pin."""
    main = [each for each in instances if each.main]
    if not main:
        return Fault(
            "Nothing of it runs any more.", False, "See whether somebody else stopped it, then deploy again."
        )
    for each in main:
        if pin.digest not in each.digests:
            found = ", ".join(each.digests) or "an image without a digest"
            return Fault(
                f"{each.identity} runs {found}, not {pin.digest}.",
                False,
                "See who else deploys this service, then deploy again.",
            )
    return None


def contract_fault(
    pin: Pin, ready: Exchange, metrics: Exchange, smoke: Exchange, smoke_status: int
) -> Fault | None:
    """The first promise of the service contract that a ready service breaks.

    Args:
        pin: what was deployed.
        ready: `/health/ready`, asked with a request ID.
        metrics: `/metrics`.
        smoke: the environment's smoke request, asked with a request ID.
        smoke_status: what it has to answer.
    """
    if metrics.status != _OK:
        return _of_release(f"{METRICS_PATH} answered {metrics.outcome}, so its version is not known")
    version = built_version(metrics.body)
    if version is None:
        return _of_release(f"{METRICS_PATH} has no service_build_info, so its version is not known")
    if version != pin.version:
        return _of_release(f"It says that it is version {version[:_SHOWN]}; {pin.version} was deployed")
    for exchange in (ready, smoke):
        if exchange.header("x-request-id") != exchange.request_id:
            return _of_release(f"{exchange.path} did not send the X-Request-ID back")
    if smoke.status != smoke_status:
        return _of_release(f"The smoke request {smoke.path} answered {smoke.outcome}, not {smoke_status}")
    return None


def _of_release(reason: str) -> Fault:
    return Fault(f"{reason}.", of_release=True)


def steady_fault(before: Sequence[Instance], after: Sequence[Instance], ready: Exchange) -> Fault | None:
    """Whether a service that was ready did not stay so.

    Args:
        before: what ran when it was ready.
        after: what runs some seconds later.
        ready: `/health/ready`, asked then.
    """
    earlier = {each.identity: each.restarts for each in before}
    for each in after:
        if each.restarts > earlier.get(each.identity, each.restarts):
            return _crash("It was ready, then restarted.", each)
        if each.identity in earlier and not each.running and each.exit_code:
            return _crash(f"It was ready, then ended (exit code {each.exit_code}).", each)
    if {each.identity for each in after} != set(earlier):
        return Fault(
            "It was replaced while it was being verified.",
            False,
            "See who else deploys this service, then deploy again.",
        )
    if ready.status != _OK:
        return _of_release(f"It was ready, then {ready.path} answered {ready.outcome}")
    return None


_NO_SUCH_IMAGE = re.compile(
    r"manifest unknown|manifest for \S+ not found|: not found\b|no such manifest", re.IGNORECASE
)
_OF_THE_REGISTRY = re.compile(
    r"denied|unauthorized|authentication|no such host|dial tcp|timeout|connection re|TLS|x509|no basic auth"
    r"|toomanyrequests|too many requests|rate limit|server error|bad gateway|unavailable|i/o|EOF|proxyconnect",
    re.IGNORECASE,
)
_CANNOT_RUN = re.compile(
    r"executable file not found|exec format error|exec: .*(?:permission denied|no such file or directory)"
    r"|RunContainerError|invalid USER|unable to find user",
    re.IGNORECASE,
)


def pull_fault(image: str, words: str) -> Fault:
    """The fault of an image that could not be pulled.

    Only a registry that answered, and said that there is no such image, makes it the release's: a registry that is down
    or wants another password would refuse every other release, too.

    Args:
        image: its reference.
        words: what the engine said.
    """
    if _NO_SUCH_IMAGE.search(words) and not _OF_THE_REGISTRY.search(words):
        return Fault(f"The registry has no image {image}.", of_release=True)
    return Fault(
        f"The image {image} could not be pulled: {last_line(words)}",
        False,
        "See that the registry is reachable and that you are logged in (`docker login`), then deploy again.",
    )


def engine_fault(words: str) -> Fault:
    """The fault of a container that the engine refused to create or start.

    Args:
        words: what the engine said.
    """
    said = last_line(words)
    if _CANNOT_RUN.search(words):
        return Fault(f"The image cannot be started: {said}", of_release=True)
    taken = re.search(r"address already in use|port is already allocated", words)
    hint = (
        "Stop what listens on that port, or give the service another one in this environment; then deploy again."
        if taken
        else "Mend what the engine complains about, then deploy again."
    )
    return Fault(f"The engine did not start it: {said}", False, hint)


def last_line(words: str) -> str:
    """The last line with anything in it, cut to what fits a message."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return lines[-1][:_SHOWN] if lines else "no message"


def is_to_blame(fault: Fault, pin: Pin, verified: Iterable[str]) -> bool:
    """Whether a release is held and rolled back because of a fault.

    A release that was verified in this environment before is not: something beside it has changed since, its
    configuration or what it depends on, and another release would meet the same.

    Args:
        fault: what happened.
        pin: the release.
        verified: the digests that bear this environment's good mark for the service.
    """
    return fault.of_release and pin.digest not in set(verified)
