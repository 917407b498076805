"""REL: the settings of an overlay, where the repository holds one, are read by Kustomize and Compose alike."""

from idp.environments.overlay import config_faults
from idp.standards.rules.define import static_rule
from idp.standards.rules.snapshot import Snapshot
from idp.standards.scorecard import ContractPoint, Finding, Verdict, judged, not_applicable


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


STANDARDS = (overlay_settings_are_strict,)
