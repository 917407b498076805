"""The fleet: the catalog's entries as they are read back, and what an update of all of them comes to."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from idp.core import yaml_text
from idp.core.errors import ChecksFailed, IdpError, UpdateConflict, UserError
from idp.core.failure import Failure
from idp.environments.catalog import ENTRY_MAX_BYTES, CatalogEntry
from idp.services.update_model import FileChange
from idp.templates.answers import validate_name

PROTOCOLS = "https:http:ssh:file"
"""What Git may speak with a service's repository (`GIT_ALLOW_PROTOCOL`): no `ext`, no remote helper."""
_SCHEMES = frozenset({"https", "http", "ssh", "file"})
_SCP_LIKE = re.compile(r"(?:[A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:[^:\-].*")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Listed:
    """One file of the catalog: its entry, or why it has none. `name` is the file's, without `.yaml`."""

    name: str
    entry: CatalogEntry | None
    failure: Failure | None = None

    @property
    def fields(self) -> dict[str, str | None]:
        """What `--select` looks at; of an unreadable entry only the name is known."""
        entry = self.entry
        if entry is None:
            return {"name": self.name}
        return {
            "name": entry.name,
            "template": entry.template,
            "template_version": entry.template_version,
            "owner": entry.owner,
            "repository": entry.repository,
        }


def parse_entry(name: str, text: bytes) -> Listed:
    """Read one file of the catalog; whatever is wrong with it is this service's failure alone.

    Args:
        name: the file's, without `.yaml`.
        text: its content.
    """
    try:
        return Listed(name, _entry(name, text))
    except UserError as error:
        return Listed(name, None, Failure.of(error))
    except IdpError as error:  # a usage error about the name: here it is the file's
        return Listed(name, None, Failure("catalog-entry-invalid", error.message, error.hint))


def _entry(name: str, text: bytes) -> CatalogEntry:
    content = _mapping(name, text)
    fields: dict[str, Any] = {key: _text(name, content, key) for key in CatalogEntry.__dataclass_fields__}
    if fields["name"] != name:
        raise _invalid(name, f"names the service {ascii(fields['name'])[:60]}")
    validate_name(name)
    for key in ("repository", "template"):
        if not fields[key]:
            raise _invalid(name, f"has no `{key}`")
    validate_repository(name, fields["repository"])
    return CatalogEntry(**fields)


def _mapping(name: str, text: bytes) -> Mapping[str, Any]:
    if len(text) > ENTRY_MAX_BYTES:
        raise _invalid(name, f"is larger than {ENTRY_MAX_BYTES} bytes")
    try:
        content = yaml_text.load(text)
    except ValueError as error:
        raise _invalid(name, "is no valid YAML") from error
    if not isinstance(content, dict):
        raise _invalid(name, "is no YAML mapping")
    return content


def _text(name: str, content: Mapping[str, Any], key: str) -> str | None:
    value = content.get(key)
    if value is not None and not isinstance(value, str):
        raise _invalid(name, f"has a `{key}` that is no text")
    return value


def _invalid(name: str, why: str) -> UserError:
    return UserError(
        "catalog-entry-invalid",
        f"environments/catalog/{ascii(name)[1:-1][:60]}.yaml {why}.",
        "Correct the file: name (as the file's), repository (Git URL or absolute path), template, owner.",
    )


def validate_repository(name: str, address: str) -> None:
    """Raise a UserError unless an address is an absolute path or a URL that Git only ever takes for one.

    Options (`-u …`), remote helpers (`ext::…`) and relative paths never reach Git.
    """
    is_url = _is_url(address) if "://" in address else _SCP_LIKE.fullmatch(address) is not None
    if _UNPRINTABLE.search(address) is None and (address.startswith("/") or is_url):
        return
    raise UserError(
        "repository-address-invalid",
        f"The repository of {ascii(name)[1:-1][:60]}, {shown_address(address)!a}, is neither a Git URL nor an "
        "absolute path.",
        "Write https://host/owner/name.git, git@host:owner/name.git or /an/absolute/path in its catalog entry.",
    )


def _is_url(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme == "file":
        return not parts.netloc and parts.path.startswith("/")
    user, _, host = parts.netloc.rpartition("@")
    return parts.scheme in _SCHEMES and bool(host) and not host.startswith("-") and not user.startswith("-")


def is_local(address: str) -> bool:
    """Whether a valid address is a path on this machine."""
    return address.startswith("/")


def shown_address(address: str) -> str:
    """An address for messages: without credentials, not endless."""
    return re.sub(r"//[^/@]*@", "//", address)[:200]


class FleetState(StrEnum):
    """What the update of one service comes to: the states of one update, or that nothing is known."""

    CURRENT = "current"
    NO_OP = "no-op"
    CLEAN = "clean"
    CONFLICTS = "conflicts"
    FAILED = "failed"


class OwnTestsState(StrEnum):
    """How a service's own checks went on the merged tree."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class OwnTests:
    """The checks of one merged tree.

    Attributes:
        command: what was run.
        output: the last lines, where they failed; why, where they were skipped.
    """

    state: OwnTestsState
    command: str
    output: str = ""


@dataclass(frozen=True)
class Delivery:
    """Where an update was brought.

    Attributes:
        branch: name of the update branch in the service's repository.
        commit: what lies at its tip.
        pushed: this run put it there; it was as it had to be otherwise.
        note: why the branch was left alone, where somebody else has commits on it.
        pull_request: its address; None where none was asked for.
        draft: it must not be merged as it is.
        opened: this run opened it; refreshed: this run changed its text or state.
        superseded: branches of earlier updates whose pull requests this run closed.
    """

    branch: str
    commit: str
    pushed: bool = False
    note: str = ""
    pull_request: str | None = None
    draft: bool = False
    opened: bool = False
    refreshed: bool = False
    superseded: Sequence[str] = ()


@dataclass(frozen=True)
class FleetEntry:
    """What the update of one service comes to.

    Attributes:
        counts: action → number of files.
        edited: how many of the template's files the service has edited or deleted; None where not known.
        failure: why nothing is known, or why the update could not be delivered.
    """

    name: str
    state: FleetState
    owner: str | None = None
    template: str | None = None
    from_version: str | None = None
    to_version: str | None = None
    counts: Mapping[str, int] | None = None
    files: Sequence[FileChange] = ()
    edited: int | None = None
    tests: OwnTests | None = None
    delivery: Delivery | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class FleetReport:
    """An update of the fleet, sorted by name.

    Attributes:
        platform: URL or path of the platform repository.
        totals: state → number of services; `tests-failed` besides.
        interrupted: services that were not reached; running again goes on with them.
    """

    platform: str
    dry_run: bool
    services: Sequence[FleetEntry]
    totals: Mapping[str, int]
    interrupted: Sequence[str] = ()


def fleet_report(
    platform: str, entries: Iterable[FleetEntry], interrupted: Iterable[str], *, dry_run: bool
) -> FleetReport:
    """Count and sort what was found."""
    services = sorted(entries, key=lambda entry: entry.name)
    totals = {state.value: sum(entry.state is state for entry in services) for state in FleetState}
    totals["tests-failed"] = len(_with_failed_tests(services))
    return FleetReport(platform, dry_run, services, totals, sorted(interrupted))


def verdict(report: FleetReport) -> IdpError | None:
    """What is wrong with the fleet, the gravest first.

    Failing tests (13) outweigh conflicts (12): a conflict is the owner's to settle, a merge that goes through
    and breaks the service is the template's fault and hits the next one too. Services of which nothing is
    known come last (1).
    """
    tests = _with_failed_tests(report.services)
    conflicts = [entry.name for entry in report.services if entry.state is FleetState.CONFLICTS]
    failed = [entry.name for entry in report.services if entry.failure is not None]
    summary = f"{len(tests)} with failing tests, {len(conflicts)} with conflicts, {len(failed)} failed"
    hint = "The report says why, service by service; running again goes on with what is left."
    if tests:
        return ChecksFailed(
            "fleet-tests-failed", f"{_names(tests)}: the tests of the merged tree fail ({summary}).", hint
        )
    if conflicts:
        return UpdateConflict(
            "fleet-conflicts", f"{_names(conflicts)}: the update conflicts ({summary}).", hint
        )
    if failed:
        return UserError("fleet-failed", f"{_names(failed)}: could not be updated ({summary}).", hint)
    return None


def _with_failed_tests(entries: Iterable[FleetEntry]) -> list[str]:
    return [entry.name for entry in entries if entry.tests and entry.tests.state is OwnTestsState.FAILED]


def _names(names: Sequence[str], shown: int = 5) -> str:
    rest = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + rest
