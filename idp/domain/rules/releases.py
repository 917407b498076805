"""REL: a release pin, where the repository holds one, is readable by Kustomize and Compose alike."""

import re
from collections.abc import Iterator

from idp.domain.rules.define import static_rule
from idp.domain.rules.snapshot import Snapshot, SourceFile
from idp.domain.scorecard import ContractPoint, Finding, Verdict, judged, not_applicable

_HOST = r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?/)?"
_PATH = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
GRAMMAR = {
    "RELEASE_IMAGE": re.compile(rf"{_HOST}{_PATH}(?::\w[\w.-]{{0,127}})?@sha256:[0-9a-f]{{64}}"),
    "RELEASE_VERSION": re.compile(r"(?=.{1,63}$)\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]*[0-9A-Za-z])?"),
    "RELEASE_REVISION": re.compile(r"[0-9a-f]{40}"),
}


@static_rule(
    "REL-ENV",
    "Every release.env follows its grammar",
    point=ContractPoint.DELIVERY,
    reason="Kustomize keeps quotes and comments that Compose strips: the two would run different images.",
    fix="Write RELEASE_IMAGE=…@sha256:…, RELEASE_VERSION=X.Y.Z, RELEASE_REVISION=<40 hex>, unquoted.",
    applies_to="repositories that hold a release.env",
)
def release_pins_are_strict(snapshot: Snapshot) -> Verdict:
    files = snapshot.matching(r"(?:.*/)?release\.env")
    if not files:
        return not_applicable("There is no release.env.")
    return judged(finding for file in files for finding in _faults(file))


def _faults(file: SourceFile) -> Iterator[Finding]:
    if b"\r" in file.content:
        yield Finding("It has carriage returns.", file.path)
    seen: set[str] = set()
    for number, line in file.lines:
        if line.startswith("#") or not line:
            continue
        key, separator, value = line.partition("=")
        if key not in GRAMMAR or not separator:
            yield Finding(
                "Only RELEASE_IMAGE, RELEASE_VERSION and RELEASE_REVISION may stand here.", file.path, number
            )
        elif key in seen:
            yield Finding(f"{key} occurs twice.", file.path, number)
        elif not GRAMMAR[key].fullmatch(value):
            yield Finding(f"The value of {key} is malformed.", file.path, number)
        seen.add(key)
    for key in sorted(GRAMMAR.keys() - seen):
        yield Finding(f"{key} is missing.", file.path)


STANDARDS = (release_pins_are_strict,)
