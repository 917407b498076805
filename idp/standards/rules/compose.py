"""CMP: the service runs by `docker compose --profile dev up` as it is."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from idp.standards.rules.define import static_rule
from idp.standards.rules.dotenv import parse_dotenv
from idp.standards.rules.secret_names import is_placeholder, is_secret_name
from idp.standards.rules.snapshot import Snapshot, SourceFile, as_list, as_mapping
from idp.standards.scorecard import ContractPoint, Finding, Verdict, failed, judged, not_checked

REQUIRED_PROFILES = ("dev", "staging", "prod")
_POINT = ContractPoint.PACKAGING
_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001}
DEFAULT_DRAIN_SECONDS = 5.0
DEFAULT_GRACE_SECONDS = 20.0


@dataclass(frozen=True)
class ComposeService:
    """One Compose service: its mapping (with a local `extends` applied) and the line of its name."""

    name: str
    line: int
    spec: dict[str, Any]

    @property
    def profiles(self) -> frozenset[str]:
        return frozenset(str(name) for name in as_list(self.spec.get("profiles")))

    @property
    def is_built_here(self) -> bool:
        return "build" in self.spec

    @property
    def environment(self) -> dict[str, str]:
        """Variables set in the file; those passed on without a value are left out."""
        given = self.spec.get("environment")
        if isinstance(given, list):
            pairs = (str(entry).partition("=") for entry in given)
            return {name: value for name, separator, value in pairs if separator}
        return {name: str(value) for name, value in as_mapping(given).items() if value is not None}


_Judge = Callable[[SourceFile, tuple[ComposeService, ...]], Verdict]


def compose_file(snapshot: Snapshot) -> SourceFile | None:
    return snapshot.get(*_NAMES)


def compose_services(snapshot: Snapshot, file: SourceFile) -> tuple[ComposeService, ...]:
    """The services of a Compose file; none where it cannot be read."""
    specs = {
        name: as_mapping(spec)
        for name, spec in as_mapping(snapshot.parsed(file).mapping.get("services")).items()
    }
    return tuple(ComposeService(name, _line_of(file, name), _extended(specs, name)) for name in specs)


def _extended(specs: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    spec = specs[name]
    extends = spec.get("extends")
    base = extends if isinstance(extends, str) else as_mapping(extends).get("service")
    if not isinstance(base, str) or base not in specs or base == name or "file" in as_mapping(extends):
        return spec
    return {**{key: value for key, value in specs[base].items() if key != "profiles"}, **spec}


def _line_of(file: SourceFile, name: str) -> int:
    start = re.compile(rf"^\s+[\"']?{re.escape(name)}[\"']?\s*:")
    return next((number for number, line in file.lines if start.match(line)), 0)


def _on_services(judge: _Judge) -> Callable[[Snapshot], Verdict]:
    def of_snapshot(snapshot: Snapshot) -> Verdict:
        file = compose_file(snapshot)
        services = compose_services(snapshot, file) if file else ()
        if file is None or not services:
            return not_checked("There is no readable Compose file (CMP-FILE).")
        return judge(file, services)

    return of_snapshot


def _own(services: tuple[ComposeService, ...]) -> tuple[ComposeService, ...]:
    """The services that run this repository's image; all of them if none says how it is built."""
    return tuple(service for service in services if service.is_built_here) or services


@static_rule(
    "CMP-FILE",
    "There is a readable Compose file",
    point=_POINT,
    reason="One command must start the service with all that it needs.",
    fix="Add a compose.yaml; the platform's templates have one to start from.",
)
def has_compose_file(snapshot: Snapshot) -> Verdict:
    file = compose_file(snapshot)
    if file is None:
        return failed("There is no compose.yaml.", "compose.yaml")
    parsed = snapshot.parsed(file)
    if parsed.error:
        return failed(f"It cannot be read: {parsed.error}.", file.path, parsed.line)
    services = compose_services(snapshot, file)
    return judged([] if services else [Finding("It declares no services.", file.path, 1)])


@static_rule(
    "CMP-PROFILES",
    "Compose has the profiles dev, staging and prod",
    point=_POINT,
    reason="Each environment of the chain must be reproducible on one machine.",
    fix="Give the service `profiles: [dev, staging, prod]`, or one service for each.",
)
@_on_services
def has_profiles(file: SourceFile, services: tuple[ComposeService, ...]) -> Verdict:
    present = frozenset[str]().union(*(service.profiles for service in services))
    return judged(
        Finding(f"No service has the profile `{name}`.", file.path)
        for name in REQUIRED_PROFILES
        if name not in present
    )


@static_rule(
    "CMP-READ-ONLY",
    "The container's root file system is read-only",
    point=_POINT,
    reason="An intruder cannot change the program, and nothing that must be kept is lost with the container.",
    fix="Set `read_only: true`, with `tmpfs: [/tmp]` if the service needs scratch space.",
)
@_on_services
def is_read_only(file: SourceFile, services: tuple[ComposeService, ...]) -> Verdict:
    return judged(
        Finding(f"The service `{service.name}` has no `read_only: true`.", file.path, service.line)
        for service in _own(services)
        if service.spec.get("read_only") is not True
    )


@static_rule(
    "CMP-NO-SECRETS",
    "The Compose file holds no secret",
    point=_POINT,
    reason="The file is committed: everyone who can read the repository can read it.",
    fix="Refer to it: `DB_PASSWORD: ${DB_PASSWORD}`, or use Compose `secrets`.",
)
@_on_services
def holds_no_secret(file: SourceFile, services: tuple[ComposeService, ...]) -> Verdict:
    return judged(
        Finding(f"`{name}` of the service `{service.name}` has a literal value.", file.path, service.line)
        for service in services
        for name, value in service.environment.items()
        if is_secret_name(name) and not is_placeholder(value)
    )


@static_rule(
    "CMP-STOP-GRACE",
    "Compose waits long enough before it kills the service",
    point=_POINT,
    reason="The default of 10 s is shorter than DRAIN_SECONDS + SHUTDOWN_GRACE_SECONDS: requests are cut.",
    fix="Set `stop_grace_period: 30s`, or more if the service drains for longer.",
)
def stops_gracefully(snapshot: Snapshot) -> Verdict:
    example = snapshot.get(".env.example")
    declared = parse_dotenv(example.text).values if example else {}

    def judge(file: SourceFile, services: tuple[ComposeService, ...]) -> Verdict:
        return judged(_short_graces(file, _own(services), declared))

    return _on_services(judge)(snapshot)


def _short_graces(
    file: SourceFile, services: tuple[ComposeService, ...], declared: dict[str, str]
) -> Iterator[Finding]:
    for service in services:
        keys = {**declared, **service.environment}
        drain = _seconds(keys.get("DRAIN_SECONDS", ""), DEFAULT_DRAIN_SECONDS)
        needed = drain + _seconds(keys.get("SHUTDOWN_GRACE_SECONDS", ""), DEFAULT_GRACE_SECONDS)
        given = parse_duration(str(service.spec.get("stop_grace_period", "10s")))
        if given < needed:
            message = f"The service `{service.name}` is killed after {given:g} s; it may need {needed:g} s."
            yield Finding(message, file.path, service.line)


def _seconds(text: str, default: float) -> float:
    return float(text) if re.fullmatch(r"\d{1,6}(?:\.\d{1,3})?", text.strip()) else default


def parse_duration(text: str) -> float:
    """Seconds of a Compose duration such as `1m30s`; 0.0 for anything else."""
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text))


STANDARDS = (has_compose_file, has_profiles, is_read_only, holds_no_secret, stops_gracefully)
