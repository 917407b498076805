"""META-ADDRESS: what a service says of others can be used by others, too."""

import re
from collections.abc import Iterator

from idp.platform.address import PLACEHOLDER, is_machine_local
from idp.standards.rules.define import static_rule
from idp.standards.rules.snapshot import Snapshot, SourceFile
from idp.standards.scorecard import ContractPoint, Finding, Severity, Verdict, judged, not_applicable

_ANSWERS = ".copier-answers.yml"
ADDRESSED = (
    r"\.copier-answers\.yml|catalog-info\.ya?ml|(\.github/|docs/)?CODEOWNERS|\.github/workflows/[^/]+\.ya?ml"
    r"|environments/catalog/[^/]+\.yaml"
)
"""The files that hold addresses: a regular expression for a path."""
ADDRESSED_IN = ("", ".github", "docs", ".github/workflows", "environments/catalog")
"""Their folders."""
_PLACEHOLDER = re.compile(rf"(?<![\w.-]){PLACEHOLDER}(?![\w.-])")
_SHOWN = 100


@static_rule(
    "META-ADDRESS",
    "Addresses are ones that colleagues and CI can reach",
    point=ContractPoint.DELIVERY,
    severity=Severity.WARNING,
    reason="Nobody else can update a service whose template is a folder of one machine; CI finds no example-org.",
    fix="Record the platform's address: idp update --platform URL. Replace the placeholders: "
    "idp update -d owner=@org/team -d platform_repository=org/repo.",
    applies_to="answers, catalog entries, CODEOWNERS and workflows",
)
def addresses_are_shared(snapshot: Snapshot) -> Verdict:
    files = snapshot.matching(ADDRESSED)
    if not files:
        return not_applicable("No file here holds an address.")
    return judged(fault for file in files for fault in address_faults(snapshot, file, relative=False))


def address_faults(snapshot: Snapshot, file: SourceFile, *, relative: bool = True) -> Iterator[Finding]:
    """What is wrong with the addresses of one file.

    Args:
        snapshot: what the file is of.
        file: one of `ADDRESSED`.
        relative: report relative paths, too, which META-ANSWERS judges.
    """
    for key in ("_src_path",) if file.path == _ANSWERS else ("repository",):
        address = _address(snapshot, file, key)
        if address and is_machine_local(address) and (relative or address.startswith(("/", "file:"))):
            line = next((number for number, text in file.lines if text.startswith(f"{key}:")), 0)
            shown = ascii(address[:_SHOWN])
            yield Finding(f"`{key}` is a path of one machine: {shown}.", file.path, line)
    for number, text in file.lines:
        if _PLACEHOLDER.search(text.partition("#")[0]):
            yield Finding(f"`{PLACEHOLDER}` is a placeholder.", file.path, number)


def _address(snapshot: Snapshot, file: SourceFile, key: str) -> str | None:
    if file.path != _ANSWERS and not file.path.startswith("environments/catalog/"):
        return None
    value = snapshot.parsed(file).mapping.get(key)
    return value if isinstance(value, str) else None


STANDARDS = (addresses_are_shared,)
