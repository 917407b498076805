"""MAKE: one set of commands in every service, whatever its language."""

import re
from pathlib import PurePosixPath

from idp.standards.rules.define import static_rule
from idp.standards.rules.snapshot import Snapshot, SourceFile
from idp.standards.scorecard import ContractPoint, Finding, Verdict, failed, judged

REQUIRED_TARGETS = ("run", "test", "lint", "image")
_NAMES = ("GNUmakefile", "makefile", "Makefile")
_RULE_LINE = re.compile(r"^([^\s#:=][^#:=]*):{1,2}(?![:=])")
_INCLUDE = re.compile(r"^-?s?include[ \t]+([^#\n]*)")


def find_makefile(snapshot: Snapshot) -> SourceFile | None:
    """The file that `make` itself would read."""
    return snapshot.get(*_NAMES)


def targets(snapshot: Snapshot) -> frozenset[str]:
    """The explicit targets of the Makefile and of the files that it includes."""
    makefile = find_makefile(snapshot)
    waiting = [makefile] if makefile else []
    seen: set[str] = set()
    found: set[str] = set()
    while waiting:
        file = waiting.pop()
        if file.path in seen:
            continue
        seen.add(file.path)
        for line in file.text.replace("\\\n", " ").split("\n"):
            if match := _RULE_LINE.match(line):
                found.update(match[1].split())
            elif match := _INCLUDE.match(line):
                paths = (str(PurePosixPath(name)) for name in match[1].split())
                waiting += [included for path in paths if (included := snapshot.get(path))]
    return frozenset(found)


@static_rule(
    "MAKE-TARGETS",
    "The Makefile has the targets run, test, lint and image",
    point=ContractPoint.PACKAGING,
    reason="People, CI and `idp run` start, test and build every service with the same four commands.",
    fix="Add the missing targets; `run` must `exec` the server in the foreground, as one process.",
)
def make_targets(snapshot: Snapshot) -> Verdict:
    makefile = find_makefile(snapshot)
    if makefile is None:
        return failed("There is no Makefile.", "Makefile")
    present = targets(snapshot)
    return judged(
        Finding(f"The target `{name}` is missing.", makefile.path)
        for name in REQUIRED_TARGETS
        if name not in present
    )


STANDARDS = (make_targets,)
