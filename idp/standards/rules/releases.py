"""REL: release pins and settings of overlays are read alike by Kustomize and Compose."""

from idp.environments.overlay import config_faults
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


@static_rule(
    "REL-CONFIG",
    "Every config.env of an overlay follows its grammar",
    point=ContractPoint.DELIVERY,
    reason="Kustomize and Compose read quotes, spaces and keys without a value differently, or from the shell.",
    fix="Write KEY=VALUE, one a line, bare; leave out what the environment sets, such as PORT.",
    applies_to="repositories that hold environments/<env>/<service>/config.env",
)
def overlay_settings_are_strict(snapshot: Snapshot) -> Verdict:
    files = snapshot.matching(r"environments/[^/]+/[^/]+/config\.env")
    if not files:
        return not_applicable("There is no config.env of an overlay.")
    return judged(
        Finding(fault.reason, file.path, fault.line)
        for file in files
        for fault in config_faults(file.content)
    )


STANDARDS = (release_pins_are_strict, overlay_settings_are_strict)
