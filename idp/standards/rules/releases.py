"""REL: a release pin, where the repository holds one, is readable by Kustomize and Compose alike."""

from idp.environments.pin import faults
from idp.standards.rules.define import static_rule
from idp.standards.rules.snapshot import Snapshot
from idp.standards.scorecard import ContractPoint, Finding, Verdict, judged, not_applicable


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
    return judged(
        Finding(fault.reason, file.path, fault.line) for file in files for fault in faults(file.content)
    )


STANDARDS = (release_pins_are_strict,)
