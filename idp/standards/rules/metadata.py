"""META: who owns the service, and which template made it."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from idp.standards.rules.define import static_rule
from idp.standards.rules.snapshot import Snapshot, SourceFile, as_mapping, yaml_documents
from idp.standards.scorecard import (
    ContractPoint,
    Finding,
    Severity,
    Verdict,
    failed,
    judged,
    not_applicable,
    not_checked,
)

_POINT = ContractPoint.DELIVERY
_CODEOWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
_ANSWERS = ".copier-answers.yml"
_ENTITY_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_ENTITY_REF = re.compile(r"(?:[A-Za-z0-9_.-]+:)?(?:[A-Za-z0-9_.-]+/)?[A-Za-z0-9_.-]+")
_OWNER = re.compile(r"@[A-Za-z0-9](?:[A-Za-z0-9-]*)(?:/[A-Za-z0-9._-]+)?|[^@\s]+@[^@\s]+\.[^@\s]+")
# What `git describe --tags --always` says, which Copier records: a tag, a commit so far from one, or a commit.
_EXACT = re.compile(
    r"v?\d+\.\d+(?:\.\d+)*(?:(?:-?(?:a|b|rc|alpha|beta)[.-]?\d*)|\.(?:post|dev)\d+)*(?:-\d+-g[0-9a-f]{7,64})?"
    r"|[0-9a-f]{7,64}"
)
_SCP_LIKE = re.compile(r"(?:[\w.-]+@)?[\w.-]{2,}:[^\\/\s][^\s]*|g[hl]:[^\s]+")


@static_rule(
    "META-CATALOG",
    "catalog-info.yaml is a valid Backstage component with an owner",
    point=_POINT,
    reason="The developer portal finds the service, its owner and its life cycle by it.",
    fix="Give it apiVersion, kind, metadata.name and spec.type, spec.lifecycle and spec.owner.",
)
def has_catalog_entry(snapshot: Snapshot) -> Verdict:
    file = snapshot.get("catalog-info.yaml", "catalog-info.yml")
    if file is None:
        return failed("There is no catalog-info.yaml.", "catalog-info.yaml")
    documents, parsed = yaml_documents(file)
    if parsed.error:
        return failed(f"It cannot be read: {parsed.error}.", file.path, parsed.line)
    return judged(Finding(message, file.path) for message in _catalog_faults(_component(documents)))


def component_name(path: str, text: str) -> str | None:
    """The name that a catalog-info.yaml gives its component, None where it gives none."""
    documents, _ = yaml_documents(SourceFile(path, text.encode()))
    name = as_mapping(_component(documents).get("metadata")).get("name")
    return name if isinstance(name, str) and name else None


def _component(documents: list[Any]) -> dict[str, Any]:
    """The first document of the kind Component, else the first one."""
    entities = [as_mapping(document) for document in documents]
    return next((entity for entity in entities if entity.get("kind") == "Component"), (entities or [{}])[0])


def _catalog_faults(document: dict[str, Any]) -> Iterator[str]:
    if str(document.get("apiVersion")) not in {"backstage.io/v1alpha1", "backstage.io/v1beta1"}:
        yield "`apiVersion` is not backstage.io/v1alpha1."
    if document.get("kind") != "Component":
        yield "`kind` is not Component."
    name = as_mapping(document.get("metadata")).get("name")
    if not isinstance(name, str) or not _ENTITY_NAME.fullmatch(name):
        yield "`metadata.name` is missing or not a name of up to 63 letters, digits, `-`, `_` and `.`."
    spec = as_mapping(document.get("spec"))
    for key in ("type", "lifecycle"):
        if not isinstance(spec.get(key), str) or not spec[key].strip():
            yield f"`spec.{key}` is missing."
    owner = spec.get("owner")
    if not isinstance(owner, str) or not _ENTITY_REF.fullmatch(owner):
        yield "`spec.owner` is missing or not an entity reference such as group:platform-team."


def _owner_lines(file: SourceFile) -> list[tuple[int, list[str]]]:
    stripped = ((number, line.partition("#")[0].split()) for number, line in file.lines)
    return [(number, words) for number, words in stripped if words]


@static_rule(
    "META-CODEOWNERS",
    "CODEOWNERS names an owner for every file",
    point=_POINT,
    reason="A change, a promotion included, must be reviewed by somebody who answers for it.",
    fix="Add .github/CODEOWNERS with `* @org/team`.",
)
def has_code_owners(snapshot: Snapshot) -> Verdict:
    file = snapshot.get(*_CODEOWNERS)
    if file is None:
        return failed("There is no CODEOWNERS.", _CODEOWNERS[0])
    lines = _owner_lines(file)
    found = [
        Finding(f"`{word[:60]}` is neither @user, @org/team nor an e-mail address.", file.path, number)
        for number, words in lines
        for word in words[1:]
        if not _OWNER.fullmatch(word)
    ]
    if not any(words[0] == "*" and len(words) > 1 for _, words in lines):
        found.append(Finding("No line `* @owner` covers all files.", file.path))
    return judged(found)


@static_rule(
    "META-OWNER-MATCH",
    "The catalog's owner is a code owner",
    point=_POINT,
    severity=Severity.WARNING,
    reason="On-call looks into the catalog, GitHub into CODEOWNERS: they must ask the same people.",
    fix="Write the same team in spec.owner of catalog-info.yaml and in CODEOWNERS.",
)
def owners_match(snapshot: Snapshot) -> Verdict:
    catalog = snapshot.get("catalog-info.yaml", "catalog-info.yml")
    owners = snapshot.get(*_CODEOWNERS)
    if catalog is None or owners is None:
        return not_checked("It needs catalog-info.yaml (META-CATALOG) and CODEOWNERS (META-CODEOWNERS).")
    owner = as_mapping(_component(yaml_documents(catalog)[0]).get("spec")).get("owner")
    if not isinstance(owner, str):
        return not_checked("catalog-info.yaml names no owner (META-CATALOG).")
    named = {
        word.rpartition("/")[2].lstrip("@").lower() for _, words in _owner_lines(owners) for word in words[1:]
    }
    team = owner.rpartition("/")[2].rpartition(":")[2].lower()
    return judged([] if team in named else [Finding(f"`{owner}` is not in {owners.path}.", catalog.path)])


@static_rule(
    "META-ANSWERS",
    "The template's answers name an exact version and an absolute source",
    point=_POINT,
    reason="A moving tag hides updates, and a relative source cannot be found from anywhere else.",
    fix="Never edit .copier-answers.yml; update with `idp update` from a URL and a vX.Y.Z tag.",
    applies_to="services made from a template",
)
def answers_are_exact(snapshot: Snapshot) -> Verdict:
    file = snapshot.get(_ANSWERS)
    if file is None:
        return not_applicable("No template made this service (there is no .copier-answers.yml).")
    parsed = snapshot.parsed(file)
    if parsed.error or not isinstance(parsed.value, dict):
        return failed(f"It cannot be read: {parsed.error or 'it is no mapping'}.", file.path, parsed.line)
    commit, source = parsed.mapping.get("_commit"), parsed.mapping.get("_src_path")
    found = []
    if not isinstance(commit, str) or not _EXACT.fullmatch(commit):
        found.append(Finding("`_commit` is neither a vX.Y.Z tag nor a commit.", file.path))
    if not isinstance(source, str) or not _is_absolute(source):
        found.append(Finding("`_src_path` is neither a URL nor an absolute path.", file.path))
    return judged(found)


def _is_absolute(source: str) -> bool:
    try:
        scheme = urlsplit(source).scheme
    except ValueError:
        return False
    is_url = scheme.removeprefix("git+") in {"http", "https", "ssh", "git", "file"}
    return is_url or source.startswith("/") or _SCP_LIKE.fullmatch(source) is not None


STANDARDS = (has_catalog_entry, has_code_owners, owners_match, answers_are_exact)
