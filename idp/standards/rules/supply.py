"""SUPPLY: dependencies are locked, hashed and kept up to date."""

import re
from collections.abc import Iterator
from typing import Any

from idp.standards.rules.define import static_rule
from idp.standards.rules.snapshot import Snapshot, SourceFile, as_list, as_mapping
from idp.standards.scorecard import ContractPoint, Finding, Severity, Verdict, failed, judged, not_applicable

_POINT = ContractPoint.DELIVERY
_REQUIREMENTS = r"(?:requirements/)?(?:[\w.-]*requirements[\w.-]*|requirements/[\w.-]+)\.(?:txt|lock)"
_REQUIREMENT = re.compile(r"^[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?\s*(?:[=<>!~;@ ]|$)")
_PYTHON_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock")
_NODE_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock")
_LOCK_FILES = (*_PYTHON_LOCKS, *_NODE_LOCKS, "gradle.lockfile", "go.sum", "Cargo.lock")
_ADDRESS = re.compile(r"https?://[^\s\"',]{1,200}")
_DEPENDENCY_KEY = re.compile(r"\"(?:dependencies|devDependencies|optionalDependencies)\"")
_MAVEN_REPOSITORY = re.compile(r"<(pluginR|snapshotR|r)epository>[\s\S]{0,2000}?</\1epository>")
_MOVING_VERSION = re.compile(r"<version>\s*(?:LATEST|RELEASE|[\[(][^<]*|[^<]*-SNAPSHOT)\s*</version>")


def _requirement_files(snapshot: Snapshot) -> list[SourceFile]:
    return snapshot.matching(_REQUIREMENTS)


def _logical_lines(file: SourceFile) -> Iterator[tuple[int, str]]:
    start, parts = 0, list[str]()
    for number, line in file.lines:
        start = start or number
        parts.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            yield start, " ".join(parts)
            start, parts = 0, []
    if parts:
        yield start, " ".join(parts)


def _unhashed(file: SourceFile) -> Iterator[Finding]:
    for number, line in _logical_lines(file):
        text = line.partition(" #")[0].strip()
        if _REQUIREMENT.match(text) and "--hash=" not in text:
            yield Finding(f"`{text.split()[0][:80]}` is not locked with a hash.", file.path, number)


def _python(snapshot: Snapshot) -> list[Finding] | None:
    """Faults of the Python locks; None where the service has no Python dependencies."""
    if snapshot.get(*_PYTHON_LOCKS):
        return []
    locks = _requirement_files(snapshot)
    if locks:
        return [finding for file in locks for finding in _unhashed(file)]
    pyproject = snapshot.get("pyproject.toml")
    project = as_mapping(snapshot.parsed(pyproject).mapping.get("project")) if pyproject else {}
    if pyproject and as_list(project.get("dependencies")):
        return [Finding("The dependencies are declared but not locked.", pyproject.path)]
    return None


def _node(snapshot: Snapshot) -> list[Finding] | None:
    manifest = snapshot.get("package.json")
    if manifest is None:
        return None
    lock = snapshot.get(*_NODE_LOCKS)
    if lock is None:
        has_any = any(
            as_mapping(snapshot.parsed(manifest).mapping.get(key))
            for key in ("dependencies", "devDependencies")
        )
        return [Finding("The dependencies are declared but not locked.", manifest.path)] if has_any else None
    if not lock.name.endswith(".json"):
        return []
    packages = as_mapping(snapshot.parsed(lock).mapping.get("packages"))
    return [
        Finding(f"`{name[:80]}` has no integrity hash.", lock.path)
        for name, entry in packages.items()
        if _is_unhashed_package(name, as_mapping(entry))
    ]


def _is_unhashed_package(name: str, entry: dict[str, Any]) -> bool:
    return name.startswith("node_modules/") and not entry.get("link") and "integrity" not in entry


def _java(snapshot: Snapshot) -> list[Finding] | None:
    pom = snapshot.get("pom.xml")
    if pom:
        own = re.sub(r"(?s)<dependencies>.*", "", pom.text)
        is_own_snapshot = pom.text[len(own) :] if "<dependencies>" in pom.text else ""
        return [
            Finding(
                "A dependency has a version that moves.",
                pom.path,
                pom.text.count("\n", 0, len(own) + at.start()) + 1,
            )
            for at in _MOVING_VERSION.finditer(is_own_snapshot)
        ][:20]
    gradle = snapshot.get("build.gradle", "build.gradle.kts")
    if gradle and not snapshot.get("gradle.lockfile"):
        return [Finding("The dependencies are not locked (gradle.lockfile).", gradle.path)]
    return [] if gradle else None


def _go(snapshot: Snapshot) -> list[Finding] | None:
    module = snapshot.get("go.mod")
    if module is None or not re.search(r"(?m)^require\b", module.text):
        return None
    return [] if snapshot.get("go.sum") else [Finding("There is no go.sum.", module.path)]


@static_rule(
    "SUPPLY-LOCKED",
    "Dependencies are locked to exact versions with hashes",
    point=_POINT,
    reason="Otherwise the same commit installs other code tomorrow, or what somebody has put in its place.",
    fix="Python: `uv pip compile --generate-hashes`. Node, Go: the lock file. Maven: exact versions.",
    applies_to="services with dependencies",
)
def locks_dependencies(snapshot: Snapshot) -> Verdict:
    results = [check(snapshot) for check in (_python, _node, _java, _go)]
    known = [result for result in results if result is not None]
    if not known:
        return not_applicable("No dependencies are declared.")
    return judged(finding for result in known for finding in result)


@static_rule(
    "SUPPLY-NO-REGISTRY-HOST",
    "Lock files, and Maven's pom.xml, name no package registry",
    point=_POINT,
    reason="A host name there works in one network only, and fixes where code comes from.",
    fix="Lock with `--no-emit-index-url` (uv, pip-tools) or npm's `omit-lockfile-registry-resolved=true`; "
    "name Maven's mirror in each machine's settings.xml.",
    applies_to="services with lock files or a pom.xml",
)
def names_no_registry(snapshot: Snapshot) -> Verdict:
    files = [file for name in _LOCK_FILES if (file := snapshot.get(name))] + _requirement_files(snapshot)
    pom = snapshot.get("pom.xml")
    if not files and pom is None:
        return not_applicable("There are no lock files.")
    found = [finding for file in files for finding in _hosts(file)]
    return judged([*found, *(_maven_hosts(pom) if pom else ())])


def _maven_hosts(pom: SourceFile) -> Iterator[Finding]:
    for match in _MAVEN_REPOSITORY.finditer(pom.text):
        if _ADDRESS.search(match[0]):
            line = pom.text.count("\n", 0, match.start()) + 1
            yield Finding("An address of a package registry.", pom.path, line)
            return


def _hosts(file: SourceFile) -> Iterator[Finding]:
    for number, line in file.lines:
        is_place = file.suffix != ".txt" or not line.lstrip().startswith("#")
        is_resolved = file.suffix != ".json" or '"resolved"' in line
        if is_place and is_resolved and _ADDRESS.search(line[:2000]):
            yield Finding("An address of a package registry.", file.path, number)
            return


@static_rule(
    "SUPPLY-RENOVATE",
    "Renovate keeps the dependencies up to date",
    point=_POINT,
    severity=Severity.WARNING,
    reason="Known holes stay open in services that nobody updates.",
    fix="Add a renovate.json; the platform's templates have one.",
)
def has_renovate(snapshot: Snapshot) -> Verdict:
    file = snapshot.get(
        "renovate.json", "renovate.json5", ".github/renovate.json", ".github/renovate.json5", ".renovaterc",
        ".renovaterc.json",
    )  # fmt: skip
    if file is None:
        return failed("There is no renovate.json.", "renovate.json")
    parsed = snapshot.parsed(file)
    if parsed.error or not isinstance(parsed.value, dict):
        return failed(f"It cannot be read: {parsed.error or 'it is no object'}.", file.path, parsed.line)
    return judged([])


STANDARDS = (locks_dependencies, names_no_registry, has_renovate)
