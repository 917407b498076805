"""No set of facts lets a release through that is held, unverified, frozen, unchecked, unapproved or of unknown origin.

The oracle knows nothing of the gates: it says in its own words what must be so, from the facts alone.
"""

from dataclasses import replace
from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from idp.environments.chain import Approvals, Environment, GateSettings, ProvenanceNeeded
from idp.environments.freeze_window import SingleWindow, WeeklyWindow
from idp.environments.pin import Pin
from idp.forges.pull_request import CheckState, Review
from idp.releases.gates import evaluate
from idp.releases.gates.model import PromotionFacts, Unreadable, blocked, refused
from idp.releases.good_mark import GoodMark
from idp.releases.hold_mark import Hold
from idp.releases.promotion_model import Action, Blocked, PromotionPlan, plan
from idp.releases.record import CheckEvidence, Provenance, ReleaseRecord
from tests.releases.fact_cases import BUILDER, DIGEST, FACTS, NOW, OTHER, PROD

# Few values each, so that things that must match often do, and often almost do.
services, environments = st.sampled_from(["pay", "pay", "shop"]), st.sampled_from(["dev", "staging", "prod"])
digests, versions = st.sampled_from([DIGEST, DIGEST, OTHER]), st.sampled_from(["1.4.0", "1.4.0", "1.3.0"])
commits = st.sampled_from(["1" * 40, "1" * 40, "2" * 40])
people = st.sampled_from(["ann", "Ann", "ANN@example.org", "bob", "BOB", "carol", ""])
moments = st.timedeltas(timedelta(days=-8), timedelta(days=8)).map(lambda distance: NOW + distance)
images = st.builds(lambda tag, digest: f"example.org/pay{tag}@{digest}", st.sampled_from(["", ":1"]), digests)
pins = st.builds(Pin, images, versions, commits)
names = st.sampled_from(["unit", "unit", "scan", "load"])
builders = st.sampled_from([BUILDER, BUILDER.replace("/v1", "/fork"), "https://evil.example"])
records = st.builds(
    ReleaseRecord,
    services,
    versions,
    images,
    commits,
    st.none(),
    st.none(),
    st.just(NOW - timedelta(days=1)),
    st.lists(st.builds(CheckEvidence, names, st.booleans()), unique_by=lambda check: check.name).map(tuple),
    st.none(),
    st.none() | st.builds(Provenance, builders),
)
unreadable = st.builds(Unreadable, st.just("down"))
marks = st.lists(st.builds(GoodMark, environments, services, versions, digests, commits, moments), max_size=4)
holds = st.lists(
    st.builds(
        Hold,
        environments | st.just("prod"),
        services,
        versions,
        digests | st.just(""),
        st.just(""),
        people,
        moments,
        st.just(1),
    ),
    max_size=2,
)
fields: dict[str, st.SearchStrategy[Any]] = {
    "now": moments,
    "release": pins,
    "record": records | records | st.none() | unreadable,
    "present": pins | st.none() | unreadable,
    "good_marks": marks.map(tuple) | unreadable,
    "holds": holds.map(tuple) | unreadable,
    "reviews": st.lists(st.builds(Review, people, st.booleans(), commits), max_size=4).map(tuple)
    | st.none()
    | unreadable,
    "head": commits | st.none() | unreadable,
    "authors": st.lists(people.filter(bool), max_size=2).map(tuple) | unreadable,
    "forge_checks": st.dictionaries(names, st.sampled_from(CheckState)) | st.none() | unreadable,
    "attested": st.lists(st.builds(Provenance, builders), max_size=2).map(tuple) | st.none() | unreadable,
}


@st.composite
def known_facts(draw: st.DrawFn) -> PromotionFacts:
    """Facts with which all is well, but for a few, or for all of them."""
    changed = draw(st.sets(st.sampled_from(["holds", *sorted(fields)]), max_size=2) | st.just(fields.keys()))
    return replace(FACTS, **{name: draw(fields[name]) for name in sorted(changed)})


facts = known_facts()
zones = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
hours = st.integers(0, 23).map(time)
windows = st.one_of(
    st.builds(
        WeeklyWindow,
        st.frozensets(st.integers(0, 6), min_size=1),
        hours,
        hours | st.none(),
        zones,
        st.just("x"),
    ),
    st.builds(
        lambda start, length, zone: SingleWindow(start, start + length, zone, "x"),
        moments.map(lambda moment: moment.replace(tzinfo=None)),
        st.timedeltas(timedelta(minutes=1), timedelta(days=4)),
        zones,
    ),
)
chains = st.just(PROD) | st.builds(
    lambda **gates: Environment("prod", GateSettings(**gates)),
    checks=st.none() | st.just("all") | st.lists(names, min_size=1, unique=True).map(tuple),
    verified_in=st.none() | st.sampled_from(["staging", "dev"]),
    soak=st.none() | st.timedeltas(timedelta(minutes=1), timedelta(days=3)),
    soak_in=st.just("staging"),
    freeze=st.lists(windows, max_size=2).map(tuple),
    provenance=st.none()
    | st.builds(ProvenanceNeeded, st.sampled_from([None, "https://github.com/acme/*", BUILDER])),
    approvals=st.none() | st.builds(Approvals, st.integers(1, 2), st.sampled_from([(), ("Bob", "carol")])),
)


def may_enter(environment: Environment, known: Any) -> bool:
    """What an auditor would ask, question by question; anything that is not known for sure is a no."""
    gates, digest, version = environment.gates, known.release.image[-71:], known.release.version
    if not isinstance(known.holds, tuple):
        return False
    concerned = {"prod", gates.verified_in, "staging" if gates.soak else "prod"}
    for hold in known.holds:
        if (
            hold.service == "pay"
            and hold.environment in concerned
            and (hold.version == version or hold.digest == digest)
        ):
            return False
    return all(
        (
            gates.checks is None or checked(gates.checks, known),
            gates.verified_in is None or since(known, gates.verified_in) is not None,
            gates.soak is None or soaked(gates.soak, known),
            not any(frozen(window, known.now) for window in gates.freeze),
            gates.provenance is None or of_known_origin(gates.provenance.builder, known),
            gates.approvals is None or approved(gates.approvals, known),
        )
    )


def own_record(known: Any) -> Any:
    record = known.record
    if not isinstance(record, ReleaseRecord) or record.service != "pay":
        return None
    same = record.image[-71:] == known.release.image[-71:] and record.revision == known.release.revision
    return record if same and record.version == known.release.version else None


def checked(wanted: Any, known: Any) -> bool:
    record = own_record(known)
    if record is None:
        return False
    good = {check.name for check in record.checks if check.passed}
    bad = {check.name for check in record.checks if not check.passed}
    if wanted == "all":
        return bool(good) and not bad
    if isinstance(known.forge_checks, dict):
        good |= {name for name, state in known.forge_checks.items() if state == "passed" and name not in bad}
        bad |= {name for name, state in known.forge_checks.items() if state == "failed"}
    return set(wanted) <= good - bad


def since(known: Any, environment: str) -> datetime | None:
    if not isinstance(known.good_marks, tuple):
        return None
    of_image = [
        mark.at
        for mark in known.good_marks
        if mark.environment == environment
        and mark.service == "pay"
        and mark.digest == known.release.image[-71:]
    ]
    return min(of_image) if of_image else None


def soaked(span: timedelta, known: Any) -> bool:
    began = since(known, "staging")
    return began is not None and known.now - began >= span


def frozen(window: Any, now: datetime) -> bool:
    """As the clock on the wall shows it; the moments when clocks change are the freeze windows' own tests' matter."""
    local = now.astimezone(ZoneInfo(window.zone)).replace(tzinfo=None)
    if isinstance(window, SingleWindow):
        return window.start <= local < window.end
    if window.end is None:
        return local.weekday() in window.days and local.time() >= window.start
    if window.start < window.end:
        return local.weekday() in window.days and window.start <= local.time() < window.end
    yesterday = (local - timedelta(days=1)).weekday()
    return (local.weekday() in window.days and local.time() >= window.start) or (
        yesterday in window.days and local.time() < window.end
    )


def of_known_origin(pattern: str | None, known: Any) -> bool:
    if isinstance(known.attested, Unreadable):
        return False
    if known.attested is None:
        record = own_record(known)
        builders = {record.provenance.builder} if record is not None and record.provenance else set()
    else:
        builders = {one.builder for one in known.attested}
    return any(fnmatchcase(builder, pattern or "*") for builder in builders)


def approved(needed: Approvals, known: Any) -> bool:
    if not (
        isinstance(known.reviews, tuple) and isinstance(known.head, str) and isinstance(known.authors, tuple)
    ):
        return False
    wrote = {name.lower() for name in known.authors}
    may = {name.lower() for name in needed.reviewers} or {"ann", "ann@example.org", "bob", "carol"}
    said_yes, said_no = set(), set()
    for review in known.reviews:
        who = review.author.lower()
        if who in may and not review.approved:
            said_no.add(who)
        if who in may - wrote and review.approved and review.sha == known.head:
            said_yes.add(who)
    return bool(wrote) and not said_no and len(said_yes) >= needed.count


@settings(deadline=None, max_examples=600)
@given(chains, facts)
def test_every_gate_passes_exactly_if_all_is_well(environment: Environment, known: PromotionFacts) -> None:
    passed = not blocked(evaluate(environment, known))
    event("all is well" if passed else "something is not")
    assert passed == may_enter(environment, known)


@settings(deadline=None, max_examples=300)
@given(chains, facts, st.booleans(), st.sampled_from([Action.PROMOTE, Action.RELEASE]))
def test_no_plan_is_made_against_a_gate(
    environment: Environment, known: PromotionFacts, may_wait: bool, action: Action
) -> None:
    assume(known.present != known.release)
    decided = plan(environment, known, source="staging", may_wait=may_wait, action=action)
    results = evaluate(environment, known)
    if isinstance(known.present, Unreadable):
        assert isinstance(decided, Blocked)
    elif may_wait:
        assert isinstance(decided, PromotionPlan) == (not refused(results))
    else:
        assert isinstance(decided, PromotionPlan) == (not blocked(results))
    if isinstance(decided, PromotionPlan):
        assert decided.waits == bool(blocked(results))
        assert (decided.release, decided.present) == (known.release, known.present)


FIELDS = ["record", "good_marks", "holds", "reviews", "head", "authors"]


@settings(deadline=None)
@given(st.sets(st.sampled_from(FIELDS), min_size=1))
def test_whatever_a_gate_cannot_read_blocks(fields: set[str]) -> None:
    strict = Environment("prod", PROD.gates)
    assert not blocked(evaluate(strict, FACTS))
    known = replace(FACTS, **{field: Unreadable("down") for field in fields})  # type: ignore[arg-type]
    assert any(result.state == "errored" for result in evaluate(strict, known))
