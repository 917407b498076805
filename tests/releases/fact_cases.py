"""Facts before a promotion in which every gate passes, to be changed one by one."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from idp.environments.chain import Approvals, Environment, GateSettings, ProvenanceNeeded
from idp.environments.freeze_window import WeeklyWindow
from idp.environments.pin import Pin
from idp.forges.pull_request import CheckState, Review
from idp.releases.gates import evaluate
from idp.releases.gates.model import GateResult, PromotionFacts
from idp.releases.good_mark import GoodMark
from idp.releases.hold_mark import Hold
from idp.releases.record import CheckEvidence, Provenance, ReleaseRecord

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday
DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
REVISION, HEAD, OLD_HEAD = "1" * 40, "2" * 40, "3" * 40
RELEASE = Pin(f"example.org/pay@{DIGEST}", "1.4.0", REVISION)
PRESENT = Pin(f"example.org/pay@{OTHER}", "1.3.0", "4" * 40)
BUILDER = "https://github.com/acme/platform/.github/workflows/image.yml@refs/heads/v1"
RECORD = ReleaseRecord(
    "pay",
    "1.4.0",
    RELEASE.image,
    REVISION,
    "fastapi",
    "v2.0.0",
    NOW - timedelta(days=3),
    (CheckEvidence("scan", passed=True), CheckEvidence("unit", passed=True)),
    None,
    Provenance(BUILDER),
)
WEEKEND = WeeklyWindow(frozenset({4}), time(16), None, "Europe/Berlin", "no deployments before the weekend")
PROD = Environment(
    "prod",
    GateSettings(
        checks=("unit", "scan"),
        verified_in="staging",
        soak=timedelta(hours=2),
        soak_in="staging",
        freeze=(WEEKEND,),
        provenance=ProvenanceNeeded("https://github.com/acme/*"),
        approvals=Approvals(1),
    ),
)


def mark(
    environment: str = "staging", service: str = "pay", digest: str = DIGEST, hours: float = 3
) -> GoodMark:
    """A good mark, set so many hours ago."""
    return GoodMark(environment, service, "1.4.0", digest, "5" * 40, NOW - timedelta(hours=hours))


def hold(
    version: str = "1.4.0", digest: str = DIGEST, environment: str = "prod", service: str = "pay"
) -> Hold:
    return Hold(environment, service, version, digest, "it loses orders", "ann@example.org", NOW, 1)


def approval(author: str = "bob", *, sha: str = HEAD, approved: bool = True) -> Review:
    return Review(author, approved, sha)


FACTS = PromotionFacts(
    now=NOW,
    service="pay",
    environment="prod",
    release=RELEASE,
    record=RECORD,
    present=PRESENT,
    good_marks=(mark(),),
    holds=(),
    reviews=(approval(),),
    head=HEAD,
    authors=("ann", "ann@example.org"),
)


def facts(**changes: Any) -> PromotionFacts:
    return replace(FACTS, **changes)


def prod(**changes: Any) -> Environment:
    return replace(PROD, gates=replace(PROD.gates, **changes))


def answer(name: str, known: PromotionFacts = FACTS, environment: Environment = PROD) -> GateResult:
    """What one gate says."""
    return next(result for result in evaluate(environment, known) if result.name == name)


PASSED, PENDING, FAILED = CheckState.PASSED, CheckState.PENDING, CheckState.FAILED
