"""`idp doctor`: is everything here that idp and its services need?"""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from idp.core import process
from idp.core.errors import ChecksFailed, IdpError
from idp.git import run as git
from idp.platform import store as platforms
from idp.platform.address import expanded, is_machine_local
from idp.platform.find import find_platform, is_bundled
from idp.standards.rules.addresses import ADDRESSED, ADDRESSED_IN, address_faults, addresses_are_shared
from idp.standards.rules.snapshot import Snapshot
from idp.standards.service_files import read_files
from idp.templates import version as template_version

MINIMUM_PYTHON = (3, 11)
MINIMUM_GIT = (2, 38)
"""`git merge-tree --write-tree`, which template updates are merged with, came with it."""


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what was found, and what to do where it is not right."""

    name: str
    verdict: Verdict
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Diagnosis:
    findings: Sequence[Finding]

    @property
    def healthy(self) -> bool:
        return all(finding.verdict is not Verdict.FAILED for finding in self.findings)


def doctor(*, platform: str | None = None) -> Diagnosis:
    """Look at the programs, the user's Git identity and the platform. Changes nothing."""
    return Diagnosis(
        [
            _python(),
            _git(),
            _identity(),
            _program("make", Verdict.FAILED, "services are run, tested and built with it", _make_version),
            _program(
                "uv", Verdict.WARNING, "services install in seconds with it; pip is used without", _uv_version
            ),
            _engine(),
            _compose(),
            _platform(platform),
            *_addresses(Path.cwd()),
        ]
    )


def verdict(diagnosis: Diagnosis) -> ChecksFailed | None:
    """The error that says what is missing, None where nothing is."""
    if diagnosis.healthy:
        return None
    names = ", ".join(item.name for item in diagnosis.findings if item.verdict is Verdict.FAILED)
    return ChecksFailed("doctor-failed", f"Not in order: {names}.", "Follow the fix of each.")


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    wanted = ".".join(map(str, MINIMUM_PYTHON))
    verdict = Verdict.OK if sys.version_info >= MINIMUM_PYTHON else Verdict.FAILED
    return Finding(
        "python", verdict, found, "" if verdict is Verdict.OK else f"Install Python {wanted} or newer."
    )


def _git() -> Finding:
    try:
        text = git.output("version")
    except IdpError as error:
        return Finding("git", Verdict.FAILED, error.message, "Install Git 2.38 or newer.")
    number = text.removeprefix("git version ").split(" ")[0]
    parts = tuple(int(part) for part in number.split(".")[:2] if part.isdigit())
    if parts < MINIMUM_GIT:
        return Finding(
            "git", Verdict.FAILED, number, "Install Git 2.38 or newer: updates need `git merge-tree`."
        )
    return Finding("git", Verdict.OK, number)


def _identity() -> Finding:
    try:
        known = git.call("var", "GIT_AUTHOR_IDENT", cwd=Path.cwd())
    except IdpError:
        return Finding("git identity", Verdict.FAILED, "no Git", "Install Git 2.38 or newer.")
    if known.exit_code == 0:
        return Finding("git identity", Verdict.OK, known.stdout.rpartition(">")[0] + ">")
    fix = 'git config --global user.name "Your Name"; git config --global user.email you@example.org'
    return Finding("git identity", Verdict.WARNING, "none: commits will be by idp@localhost", fix)


def _program(name: str, absent: Verdict, why: str, version: Callable[[], str]) -> Finding:
    if shutil.which(name) is None:
        return Finding(name, absent, "not installed", f"Install {name}: {why}.")
    return Finding(name, Verdict.OK, version())


def _make_version() -> str:
    return process.run(["make", "--version"]).stdout.partition("\n")[0].removeprefix("GNU Make ")


def _uv_version() -> str:
    return process.run(["uv", "--version"]).stdout.strip().removeprefix("uv ").partition(" (")[0]


def _engine() -> Finding:
    fix = "Install and start a container engine (docker); only images and deployments need it."
    if shutil.which("docker") is None:
        return Finding("container engine", Verdict.WARNING, "not installed", fix)
    try:
        done = process.run(["docker", "version", "--format", "{{.Server.Version}}"], timeout=10)
    except IdpError as error:
        return Finding("container engine", Verdict.WARNING, error.message, fix)
    if done.exit_code != 0:
        return Finding("container engine", Verdict.WARNING, "the engine does not answer", fix)
    return Finding("container engine", Verdict.OK, done.stdout.strip())


def _compose() -> Finding:
    fix = "Install Docker Compose v2; only `docker compose` files need it."
    if shutil.which("docker") is None:
        return Finding("compose", Verdict.WARNING, "not installed", fix)
    done = process.run(["docker", "compose", "version", "--short"], timeout=10)
    if done.exit_code != 0:
        return Finding("compose", Verdict.WARNING, "not installed", fix)
    return Finding("compose", Verdict.OK, done.stdout.strip())


def _platform(named: str | None) -> Finding:
    try:
        found = find_platform(named, Path.cwd())
        newest = template_version.choose(git.tags(expanded(found.source)), None)
    except IdpError as error:
        return Finding("platform", Verdict.FAILED, error.message, error.hint)
    where = found.source.replace(str(Path.home()), "~", 1)
    version = newest or "no version tag yet: its newest commit is used"
    shown = f"{where} ({version}), from {found.found_by}"
    if is_bundled(found) or not is_machine_local(found.address):
        return Finding("platform", Verdict.OK, shown)
    fix = "Nobody else can update what is made from it: git remote add origin URL; git push -u origin main --tags"
    return Finding("platform", Verdict.WARNING, f"{shown}, only on this machine", fix)


def _addresses(folder: Path) -> Iterator[Finding]:
    """The addresses that the enclosing service or platform holds; nothing outside of any."""
    root = platforms.enclosing_checkout(folder) or platforms.enclosing_service(folder)
    if root is None:
        return
    snapshot = Snapshot({file.path: file for file in read_files(root, ADDRESSED_IN, ADDRESSED)})
    faults = [fault for file in snapshot.files.values() for fault in address_faults(snapshot, file)]
    if not faults:
        yield Finding("addresses", Verdict.OK, "colleagues and CI can reach them")
        return
    first = faults[0]
    rest = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    where = f"{first.path}:{first.line}" if first.line else first.path
    yield Finding(
        "addresses", Verdict.WARNING, f"{where}: {first.message}{rest}", addresses_are_shared.rule.fix
    )
