"""DOC and FILE: the documents that on-call needs, and files that can be read at all."""

import re
from collections.abc import Iterator

from idp.standards.rules.define import static_rule
from idp.standards.rules.python_source import parse_python
from idp.standards.rules.snapshot import Snapshot, SourceFile, is_application_code, yaml_syntax_error
from idp.standards.scorecard import ContractPoint, Finding, Severity, Verdict, failed, judged

_POINT = ContractPoint.DELIVERY
_MIN_WORDS = 20
_STRUCTURED = re.compile(r"[^/]+\.(?:ya?ml|toml|json)|\.github/.*\.(?:ya?ml|json)")
_JSON_WITH_COMMENTS = ("tsconfig", "jsconfig", "devcontainer", "turbo", "biome", ".eslintrc")


def _document(snapshot: Snapshot, pattern: str, title: str, path: str) -> Verdict:
    found = snapshot.matching(pattern)
    if not found:
        return failed(f"There is no {title}.", path)
    if all(len(file.text.split()) < _MIN_WORDS for file in found):
        return failed(f"It has fewer than {_MIN_WORDS} words.", found[0].path)
    return judged([])


@static_rule(
    "DOC-README",
    "There is a README",
    point=_POINT,
    reason="It is the first thing that anybody opens.",
    fix="Say in README.md what the service is for and how to run, test and change it.",
)
def has_readme(snapshot: Snapshot) -> Verdict:
    return _document(snapshot, r"(?i)readme\.(?:md|rst|adoc|txt)", "README", "README.md")


@static_rule(
    "DOC-RUNBOOK",
    "There is a runbook",
    point=_POINT,
    severity=Severity.WARNING,
    reason="Whoever is woken at night has not read the code.",
    fix="Write docs/runbook.md: what breaks, how to see it, what to do, how to roll back.",
)
def has_runbook(snapshot: Snapshot) -> Verdict:
    return _document(
        snapshot,
        r"(?i)(?:docs?/(?:.*/)?)?[\w.-]*runbook[\w.-]*\.(?:md|rst|adoc)",
        "runbook",
        "docs/runbook.md",
    )


@static_rule(
    "DOC-READINESS",
    "There is a production-readiness checklist",
    point=_POINT,
    severity=Severity.WARNING,
    reason="What a tool cannot check (capacity, alerts, backups) must be checked by people, once, on record.",
    fix="Keep docs/production-readiness.md and tick it off before the first promotion to prod.",
)
def has_readiness_checklist(snapshot: Snapshot) -> Verdict:
    pattern = r"(?i)(?:docs?/(?:.*/)?)?[\w.-]*readiness[\w.-]*\.(?:md|rst|adoc)"
    return _document(snapshot, pattern, "readiness checklist", "docs/production-readiness.md")


@static_rule(
    "FILE-PARSES",
    "Configuration files and Python code can be read",
    point=_POINT,
    reason="A file that cannot be read cannot be checked, and the tool that needs it fails later.",
    fix="Correct the syntax at the line given.",
)
def files_parse(snapshot: Snapshot) -> Verdict:
    return judged(finding for file in snapshot.files.values() for finding in _syntax(snapshot, file))


def _syntax(snapshot: Snapshot, file: SourceFile) -> Iterator[Finding]:
    if file.suffix == ".py" and is_application_code(file):
        if file.is_binary:
            yield Finding("It is not a text file.", file.path)
            return
        try:
            parse_python(file.text)
        except SyntaxError as error:
            yield Finding(f"It is not Python: {error.msg}.", file.path, error.lineno or 0)
    elif _STRUCTURED.fullmatch(file.path) and not file.name.startswith(_JSON_WITH_COMMENTS):
        is_yaml = file.suffix in {".yaml", ".yml"}
        parsed = yaml_syntax_error(file) if is_yaml else snapshot.parsed(file)
        if parsed.error:
            yield Finding(f"It cannot be read: {parsed.error}.", file.path, parsed.line)


@static_rule(
    "FILE-SKIPPED",
    "Every file was read",
    point=_POINT,
    severity=Severity.INFO,
    reason="Rules say nothing about files that were left out.",
    fix="Keep large and generated files out of Git, and links inside the folder.",
)
def reads_all_files(snapshot: Snapshot) -> Verdict:
    return judged(Finding(f"Not read: {skipped.reason}.", skipped.path) for skipped in snapshot.skipped)


@static_rule(
    "FILE-ANY",
    "The folder holds files",
    point=_POINT,
    severity=Severity.INFO,
    reason="An empty folder is no service; perhaps the path is wrong.",
    fix="Give the service's folder, or make one with `idp create service NAME`.",
)
def holds_files(snapshot: Snapshot) -> Verdict:
    return judged([] if snapshot.files else [Finding("There is no file to check.")])


STANDARDS = (has_readme, has_runbook, has_readiness_checklist, files_parse, reads_all_files, holds_files)
