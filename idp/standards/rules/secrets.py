"""SEC: no secret is committed. Findings never contain the secret."""

import re
from collections.abc import Iterator
from itertools import islice

from idp.standards.rules.define import static_rule
from idp.standards.rules.dotenv import parse_dotenv
from idp.standards.rules.secret_names import entropy, is_placeholder, is_secret_name
from idp.standards.rules.snapshot import Snapshot, SourceFile
from idp.standards.scorecard import MAX_FINDINGS, ContractPoint, Finding, Verdict, judged

_KEY_HEADER = "-----" + "BEGIN "
_PATTERNS = (
    ("a private key", re.compile(rf"{_KEY_HEADER}(?:[A-Z]{{2,10}} ){{0,3}}PRIVATE KEY(?: BLOCK)?-----")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b|\bgithub_pat_[A-Za-z0-9_]{50,255}\b")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,64}")),
    ("a Slack token", re.compile(r"\bxox[abposr]-[0-9A-Za-z-]{20,250}")),
    ("a Slack webhook", re.compile(r"hooks\.slack\.com/services/T[0-9A-Z]{6,14}/B[0-9A-Z]{6,14}/\w{20,30}")),
    ("a Google API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}")),
    ("a Stripe key", re.compile(r"\b[sr]k_live_[0-9A-Za-z]{20,250}")),
    ("an npm token", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b")),
    ("a PyPI token", re.compile(r"\bpypi-AgEIcHlwaS5vcmc[\w-]{50,250}")),
    ("a Vault token", re.compile(r"\bhvs\.[\w-]{24,300}")),
)
_ENV_FILE = re.compile(r"(?:.*/)?(?:\.env(?:\.[^/]*)?|[^/]+\.env)")
_MIN_LENGTH = 16
_MIN_ENTROPY = 3.3
_DOCUMENTED_EXAMPLE = re.compile(r"EXAMPLE")


@static_rule(
    "SEC-COMMITTED",
    "No secret is in the files",
    point=ContractPoint.CONFIGURATION,
    reason="Whoever can read the repository, now or in its history, can use it.",
    fix="Replace the secret where it was issued, then delete it here; keep the new one in the secret store.",
)
def commits_no_secret(snapshot: Snapshot) -> Verdict:
    return judged(finding for file in snapshot.files.values() for finding in _secrets(snapshot, file))


def _secrets(snapshot: Snapshot, file: SourceFile) -> Iterator[Finding]:
    is_private = snapshot.tracked is not None and file.path not in snapshot.tracked and file.name == ".env"
    if file.is_binary or is_private:
        return
    for kind, pattern in _PATTERNS:
        for match in islice(pattern.finditer(file.text), MAX_FINDINGS):
            if not _DOCUMENTED_EXAMPLE.search(match[0]):
                yield Finding(
                    f"This looks like {kind}.", file.path, file.text.count("\n", 0, match.start()) + 1
                )
    if _ENV_FILE.fullmatch(file.path):
        for entry in parse_dotenv(file.text).entries:
            if is_secret_name(entry.key) and _looks_random(entry.value):
                yield Finding(f"The value of `{entry.key}` looks like a real secret.", file.path, entry.line)


def _looks_random(value: str) -> bool:
    return len(value) >= _MIN_LENGTH and not is_placeholder(value) and entropy(value) >= _MIN_ENTROPY


STANDARDS = (commits_no_secret,)
