"""LOG: application code writes through the logger."""

import ast
import re
from collections.abc import Iterator
from itertools import islice

from idp.standards.rules.define import static_rule
from idp.standards.rules.python_source import parse_python
from idp.standards.rules.snapshot import Snapshot, SourceFile, application_code
from idp.standards.scorecard import (
    MAX_FINDINGS,
    ContractPoint,
    Finding,
    Severity,
    Verdict,
    judged,
    not_applicable,
)

_PRINTS = {
    ".java": re.compile(r"^[^/*\n]*\bSystem\.(?:out|err)\.print|\.printStackTrace\(\)", re.MULTILINE),
    ".js": re.compile(r"^[^/*\n]*\bconsole\.(?:log|info|debug|warn|error)\(", re.MULTILINE),
    ".go": re.compile(r"^[^/*\n]*\b(?:fmt\.Print(?:ln|f)?|log\.(?:Print|Fatal|Panic)\w*)\(", re.MULTILINE),
}
_PRINTS |= dict.fromkeys((".mjs", ".cjs", ".ts", ".mts"), _PRINTS[".js"]) | {".kt": _PRINTS[".java"]}


@static_rule(
    "LOG-NO-PRINT",
    "Application code logs instead of printing",
    point=ContractPoint.LOGS,
    severity=Severity.WARNING,
    reason="A printed line is no JSON, has no request ID and is lost to every search.",
    fix="Use the service's logger, with values as fields.",
    applies_to="Python, Java, Kotlin, JavaScript, TypeScript and Go code outside tests and scripts",
)
def prints_nothing(snapshot: Snapshot) -> Verdict:
    code = [
        file
        for file in application_code(snapshot, (".py", *_PRINTS))
        if not file.path.startswith(("scripts/", "tools/", "bin/")) and ".config." not in file.name
    ]
    if not code:
        return not_applicable("There is no source code in a language that the rule knows.")
    return judged(Finding("Printed, not logged.", file.path, line) for file in code for line in _prints(file))


def _prints(file: SourceFile) -> Iterator[int]:
    if file.suffix != ".py":
        for match in islice(_PRINTS[file.suffix].finditer(file.text), MAX_FINDINGS):
            yield file.text.count("\n", 0, match.end()) + 1
        return
    try:
        nodes = list(ast.walk(parse_python(file.text)))
    except SyntaxError:
        return  # FILE-PARSES reports it
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield node.lineno


STANDARDS = (prints_nothing,)
