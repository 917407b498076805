"""What a person wants to know of an environment: its gates in words, and what is in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from idp.core.errors import UserError
from idp.environments import overlay
from idp.environments import pin as release
from idp.environments.chain import Chain, Environment, GateSettings


@dataclass(frozen=True)
class ServiceRelease:
    """One service in an environment.

    Attributes:
        version: of the release there, None where nothing is released yet or it cannot be read.
        fault: why its release.env cannot be read, with path and line; empty where it can.
    """

    service: str
    version: str | None = None
    image: str | None = None
    revision: str | None = None
    fault: str = ""


@dataclass(frozen=True)
class EnvironmentView:
    """One environment; `gates` in words, in the order in which they are asked."""

    name: str
    target: str
    gates: Sequence[str]
    services: Sequence[ServiceRelease]


def views(chain: Chain, paths: Sequence[str], pins: Mapping[str, bytes]) -> tuple[EnvironmentView, ...]:
    """The environments of a chain.

    Args:
        chain: what environments.yaml says.
        paths: every file below `environments/`, from the repository's root.
        pins: path → content of every release.env.
    """
    return tuple(
        EnvironmentView(
            environment.name,
            environment.target.value,
            tuple(gate_words(environment.gates)),
            tuple(
                _released(environment, service, pins) for service in overlay.services(paths, environment.name)
            ),
        )
        for environment in chain.environments
    )


def _released(environment: Environment, service: str, pins: Mapping[str, bytes]) -> ServiceRelease:
    path = str(overlay.ROOT / environment.name / service / overlay.PIN_FILE)
    if path not in pins:
        return ServiceRelease(service)
    try:
        pin = release.parse_pin(pins[path], path)
    except UserError as error:
        return ServiceRelease(service, fault=error.message)
    return ServiceRelease(service, pin.version, pin.image, pin.revision)


def gate_words(gates: GateSettings) -> Iterator[str]:
    """Each gate as a few words."""
    yield "hold"
    if gates.checks:
        yield "checks: all" if gates.checks == "all" else f"checks: {', '.join(gates.checks)}"
    if gates.verified_in:
        yield f"verified in {gates.verified_in}"
    if gates.soak:
        yield f"soak {_span(gates.soak)} in {gates.soak_in}"
    if gates.freeze:
        yield f"freeze: {len(gates.freeze)} window{'s' if len(gates.freeze) > 1 else ''}"
    if gates.provenance:
        yield "provenance" + (f" of {gates.provenance.builder}" if gates.provenance.builder else "")
    if gates.approvals:
        yield f"approvals: {gates.approvals.count}"


def _span(span: timedelta) -> str:
    """`1d12h30m`."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count)
