"""Each gate by itself: what it says, why, and when it will pass."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.environments.chain import Approvals, Environment, ProvenanceNeeded
from idp.environments.freeze_window import WeeklyWindow
from idp.environments.pin import Pin
from idp.forges.pull_request import Review
from idp.releases.gates import evaluate
from idp.releases.gates.model import GateState, Unreadable, blocked, refused
from idp.releases.gates.provenance import fits
from idp.releases.gates.soak import duration
from idp.releases.record import CheckEvidence, Provenance
from tests.releases.fact_cases import (
    BUILDER,
    DIGEST,
    FACTS,
    FAILED,
    HEAD,
    NOW,
    OLD_HEAD,
    OTHER,
    PASSED,
    PENDING,
    PROD,
    RECORD,
    RELEASE,
    WEEKEND,
    answer,
    approval,
    facts,
    hold,
    mark,
    prod,
)

OTHERS = f"example.org/pay@{OTHER}"
UNREADABLE = Unreadable("the network is down")
ALL = ["hold", "checks", "verified_in", "soak", "freeze", "provenance", "approvals"]


def record(**changes: Any) -> Any:
    return replace(RECORD, **changes)


def recorded(**checks: bool) -> Any:
    return record(checks=tuple(CheckEvidence(name, passed=passed) for name, passed in checks.items()))


def refusal(sha: str = HEAD) -> Review:
    return approval("eve", sha=sha, approved=False)


def wanting(*names: str) -> Environment:
    return prod(checks=names)


def test_all_gates_pass_in_one_order() -> None:
    results = evaluate(PROD, FACTS)
    assert [result.name for result in results] == ALL
    assert not blocked(results), results
    assert all(result.reason.endswith(".") for result in results)


def test_without_settings_only_the_hold_gate_stands() -> None:
    assert [result.name for result in evaluate(Environment("prod"), FACTS)] == ["hold"]


def test_facts_of_one_environment_open_no_gate_of_another() -> None:
    with pytest.raises(ValueError, match="facts of prod"):
        evaluate(Environment("staging"), FACTS)


HOLDS = [
    ("none", facts(), "passed", "not held"),
    ("by version", facts(holds=(hold(digest=OTHER),)), "failed", "it loses orders"),
    ("by digest", facts(holds=(hold(version="1.3.9"),)), "failed", "1.3.9, the same image"),
    ("by version alone", facts(holds=(hold(digest=""),)), "failed", "ann@example.org"),
    ("of another release", facts(holds=(hold("1.3.9", OTHER),)), "passed", ""),
    ("in another environment", facts(holds=(hold(environment="staging"),)), "passed", ""),
    ("of another service", facts(holds=(hold(service="shop"),)), "passed", ""),
    ("without a reason", facts(holds=(replace(hold(), reason=""),)), "failed", "no reason was given"),
    ("unreadable", facts(holds=UNREADABLE), "errored", "the network is down"),
]
CHECKS = [
    ("recorded", facts(), PROD, "passed", "unit, scan"),
    ("all recorded", facts(), prod(checks="all"), "passed", "All 2"),
    ("one of all failed", facts(record=recorded(unit=False)), prod(checks="all"), "failed", "unit"),
    ("none recorded", facts(record=recorded()), prod(checks="all"), "failed", "names no check"),
    ("a failed one not asked for", facts(record=recorded(unit=True, scan=True, lint=False)), PROD, "passed", ""),
    ("a failed one", facts(record=recorded(unit=True, scan=False)), PROD, "failed", "scan"),
    ("no record", facts(record=None), PROD, "failed", "no release record"),
    ("unreadable record", facts(record=UNREADABLE), PROD, "errored", "the network is down"),
    ("another image's record", facts(record=record(image=OTHERS)), PROD, "failed", "another image"),
    ("another source's record", facts(record=record(revision="9" * 40)), PROD, "failed", "another image or revision"),
    ("another version's record", facts(record=record(version="1.4.1")), PROD, "failed", "another image"),
    ("another service's record", facts(record=record(service="shop")), PROD, "failed", "another image"),
    ("the same image elsewhere", facts(record=record(image=f"mirror.example.org/pay:1@{DIGEST}")), PROD, "passed", ""),
    ("no evidence", facts(), wanting("unit", "load"), "failed", "No evidence of load"),
    ("the forge passed it", facts(forge_checks={"load": PASSED}), wanting("unit", "load"), "passed", "unit, load"),
    ("the forge runs it", facts(forge_checks={"load": PENDING}), wanting("unit", "load"), "pending", "load"),
    ("the forge failed it", facts(forge_checks={"load": FAILED}), wanting("unit", "load"), "failed", "load"),
    ("the forge knows nothing", facts(forge_checks={}), wanting("unit", "load"), "failed", "No evidence"),
    ("the forge has failed it since", facts(forge_checks={"unit": FAILED}), PROD, "failed", "unit"),
    ("the forge runs it again", facts(forge_checks={"unit": PENDING}), PROD, "passed", ""),
    ("a failure outweighs waiting", facts(forge_checks={"a": PENDING, "b": FAILED}), wanting("a", "b"), "failed", "b"),
    ("no evidence outweighs waiting", facts(forge_checks={"a": PENDING}), wanting("a", "b"), "failed", "b"),
    ("the forge is unreadable", facts(forge_checks=UNREADABLE), wanting("unit", "load"), "errored", "load"),
    ("the forge is unreadable and not needed", facts(forge_checks=UNREADABLE), PROD, "passed", ""),
    ("failed, no forge", facts(forge_checks=UNREADABLE, record=recorded(unit=False)), PROD, "failed", "unit"),
]  # fmt: skip
VERIFIED = [
    ("marked", facts(), "passed", "Verified in staging at 2026-11-23 06:00 UTC"),
    ("not marked", facts(good_marks=()), "failed", "has not been verified in staging"),
    ("in another environment", facts(good_marks=(mark("dev"),)), "failed", ""),
    ("another service", facts(good_marks=(mark(service="shop"),)), "failed", ""),
    ("another image of the same version", facts(good_marks=(mark(digest=OTHER),)), "failed", ""),
    (
        "the same image of another version",
        facts(good_marks=(replace(mark(), version="1.4.0-rc.1"),)),
        "passed",
        "",
    ),
    (
        "held there since",
        facts(holds=(hold(environment="staging"),)),
        "failed",
        "held there: it loses orders",
    ),
    ("unreadable", facts(good_marks=UNREADABLE), "errored", "the network is down"),
    ("unreadable holds", facts(holds=UNREADABLE), "errored", "the network is down"),
]
SOAKS = [
    ("over", facts(), "passed", None),
    ("to the second", facts(good_marks=(mark(hours=2),)), "passed", None),
    ("a second short", facts(good_marks=(mark(hours=2 - 1 / 3600),)), "pending", NOW + timedelta(seconds=1)),
    ("just begun", facts(good_marks=(mark(hours=0),)), "pending", NOW + timedelta(hours=2)),
    ("the first of several", facts(good_marks=(mark(hours=0), mark(hours=5))), "passed", None),
    ("a mark from the future", facts(good_marks=(mark(hours=-1),)), "pending", NOW + timedelta(hours=3)),
    ("not begun", facts(good_marks=()), "failed", None),
    ("another image", facts(good_marks=(mark(digest=OTHER, hours=9),)), "failed", None),
    ("another environment", facts(good_marks=(mark("dev", hours=9),)), "failed", None),
    ("held there since", facts(holds=(hold(environment="staging"),)), "failed", None),
    ("unreadable holds", facts(holds=UNREADABLE), "errored", None),
    ("unreadable", facts(good_marks=UNREADABLE), "errored", None),
]
FRIDAY = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)  # 16:00 in Berlin
FREEZES = [
    ("free", NOW, (WEEKEND,), "passed", None),
    ("frozen", FRIDAY, (WEEKEND,), "pending", FRIDAY + timedelta(hours=8)),
    ("a second before", FRIDAY - timedelta(seconds=1), (WEEKEND,), "passed", None),
    (
        "for ever",
        NOW,
        (WeeklyWindow(frozenset(range(7)), WEEKEND.start, WEEKEND.start, "UTC", "x"),),
        "pending",
        None,
    ),
    ("an unknown zone", NOW, (replace(WEEKEND, zone="Europe/Atlantis"),), "errored", None),
]
PROVENANCES = [
    ("as asked", facts(), PROD, "passed", BUILDER),
    ("anybody", facts(), prod(provenance=ProvenanceNeeded()), "passed", BUILDER),
    ("another builder", facts(record=record(provenance=Provenance("evil"))), PROD, "failed", "not https://github.com/acme/*"),
    ("nobody", facts(record=record(provenance=None)), prod(provenance=ProvenanceNeeded()), "failed", "Nothing says"),
    ("no record", facts(record=None), PROD, "failed", "No release record"),
    ("another image's record", facts(record=record(image=OTHERS)), PROD, "failed", "No release record"),
    ("unreadable record", facts(record=UNREADABLE), PROD, "errored", "network"),
    ("attested", facts(record=None, attested=(Provenance(BUILDER),)), PROD, "passed", "Attested"),
    ("attested by another as well", facts(attested=(Provenance("x"), Provenance(BUILDER))), PROD, "passed", BUILDER),
    ("attested by another", facts(attested=(Provenance("evil"),)), PROD, "failed", "evil"),
    ("attested by nobody, whatever the record says", facts(attested=()), PROD, "failed", "Nothing says"),
    ("unreadable attestations", facts(attested=UNREADABLE), PROD, "errored", "network"),
]  # fmt: skip
TWO, NAMED = prod(approvals=Approvals(2)), prod(approvals=Approvals(1, ("Carol", "dan")))
APPROVALS = [
    ("approved", facts(), PROD, "passed", "bob"),
    ("no pull request", facts(reviews=None, head=None, authors=()), PROD, "pending", "no pull request"),
    ("nobody yet", facts(reviews=()), PROD, "pending", "1 of 1"),
    ("by the author", facts(reviews=(approval("ann"),)), PROD, "pending", "1 of 1"),
    ("by the author, otherwise written", facts(reviews=(approval("ANN@Example.org"),)), PROD, "pending", ""),
    ("by the author, in wide letters", facts(reviews=(approval("\uff41nn"),)), PROD, "pending", ""),
    ("of an older commit", facts(reviews=(approval(sha=OLD_HEAD),)), PROD, "pending", "newest commit"),
    ("one of two", facts(), TWO, "pending", "1 more of 2"),
    ("one person twice", facts(reviews=(approval("bob"), approval("BOB"))), TWO, "pending", "1 more of 2"),
    ("two people", facts(reviews=(approval("bob"), approval("eve"))), TWO, "passed", "bob, eve"),
    ("by somebody who is not named", facts(), NAMED, "pending", "Carol, dan"),
    ("by somebody who is named", facts(reviews=(approval("carol"),)), NAMED, "passed", "carol"),
    ("by a named author", facts(reviews=(approval("carol"),), authors=("CAROL",)), NAMED, "pending", ""),
    ("changes asked for", facts(reviews=(approval(), refusal())), PROD, "failed", "eve"),
    ("changes asked for before", facts(reviews=(approval(), refusal(sha=OLD_HEAD))), PROD, "failed", "eve"),
    ("changes asked for by others", facts(reviews=(approval("dan"), refusal())), NAMED, "passed", "dan"),
    ("by nobody", facts(reviews=(approval(""),)), PROD, "pending", ""),
    ("unknown authors", facts(authors=()), PROD, "errored", "nobody is named"),
    ("unreadable reviews", facts(reviews=UNREADABLE), PROD, "errored", "network"),
    ("unreadable head", facts(head=UNREADABLE), PROD, "errored", "network"),
    ("unreadable authors", facts(authors=UNREADABLE), PROD, "errored", "network"),
]  # fmt: skip


def names(rows: list[Any]) -> list[str]:
    return [row[0] for row in rows]


@pytest.mark.parametrize(("_", "known", "state", "words"), HOLDS, ids=names(HOLDS))
def test_hold(_: str, known: Any, state: str, words: str) -> None:
    result = answer("hold", known)
    assert (result.state, words in result.reason, result.passes_at) == (state, True, None)


@pytest.mark.parametrize(("_", "known", "environment", "state", "words"), CHECKS, ids=names(CHECKS))
def test_checks(_: str, known: Any, environment: Environment, state: str, words: str) -> None:
    result = answer("checks", known, environment)
    assert (result.state, words in result.reason, result.passes_at) == (state, True, None), result


@pytest.mark.parametrize(("_", "known", "state", "words"), VERIFIED, ids=names(VERIFIED))
def test_verified_in(_: str, known: Any, state: str, words: str) -> None:
    result = answer("verified_in", known)
    assert (result.state, words in result.reason, result.passes_at) == (state, True, None), result


@pytest.mark.parametrize(("_", "known", "state", "at"), SOAKS, ids=names(SOAKS))
def test_soak(_: str, known: Any, state: str, at: datetime | None) -> None:
    result = answer("soak", known)
    assert (result.state, result.passes_at) == (state, at)
    if at is not None:
        assert answer("soak", replace(known, now=at)).passed
        assert not answer("soak", replace(known, now=at - timedelta(microseconds=1))).passed


@pytest.mark.parametrize(("_", "now", "windows", "state", "at"), FREEZES, ids=names(FREEZES))
def test_freeze(_: str, now: datetime, windows: Any, state: str, at: datetime | None) -> None:
    result = answer("freeze", facts(now=now), prod(freeze=windows))
    assert (result.state, result.passes_at) == (state, at)
    if at is not None:
        assert WEEKEND.reason in result.reason
        assert answer("freeze", facts(now=at), prod(freeze=windows)).passed


@pytest.mark.parametrize(("_", "known", "environment", "state", "words"), PROVENANCES, ids=names(PROVENANCES))
def test_provenance(_: str, known: Any, environment: Environment, state: str, words: str) -> None:
    result = answer("provenance", known, environment)
    assert (result.state, words in result.reason, result.passes_at) == (state, True, None), result


@pytest.mark.parametrize(("_", "known", "environment", "state", "words"), APPROVALS, ids=names(APPROVALS))
def test_approvals(_: str, known: Any, environment: Environment, state: str, words: str) -> None:
    result = answer("approvals", known, environment)
    assert (result.state, words in result.reason, result.passes_at) == (state, True, None), result


def test_what_keeps_a_pull_request_from_being_opened_is_more_than_waiting() -> None:
    results = evaluate(
        PROD, facts(now=FRIDAY, reviews=None, head=None, holds=(hold(),), good_marks=UNREADABLE)
    )
    assert [result.name for result in blocked(results)] == [
        "hold",
        "verified_in",
        "soak",
        "freeze",
        "approvals",
    ]
    assert [result.name for result in refused(results)] == ["hold", "verified_in", "soak"]


def test_text_of_unknown_origin_does_not_steer_a_terminal() -> None:
    hostile = "\x1b[2Jx\u202ey"
    known = facts(
        holds=(replace(hold(), reason=hostile, by=hostile),),
        reviews=(approval(hostile, approved=False),),
        record=Unreadable(hostile),
    )
    said = "".join(result.reason for result in evaluate(PROD, known))
    assert "x" in said
    assert not {"\x1b", "\u202e"} & set(said)


@pytest.mark.parametrize("image", [f"example.org/pay:1.4.0@{DIGEST}", f"mirror.example.org/pay@{DIGEST}"])
def test_the_image_counts_and_not_what_it_is_called(image: str) -> None:
    known = facts(release=Pin(image, RELEASE.version, RELEASE.revision))
    assert not blocked(evaluate(PROD, known))


@pytest.mark.parametrize(
    ("pattern", "text", "fitting"),
    [
        ("a", "a", True),
        ("a", "ab", False),
        ("*", "", True),
        ("a*", "abc", True),
        ("*c", "abc", True),
        ("a*c", "abc", True),
        ("ab*bc", "abc", False),
        ("a*b*c", "a-b-c", True),
        ("a*b*c", "acb", False),
        ("https://github.com/acme/*@refs/heads/v1", BUILDER, True),
        ("https://github.com/acme/*", "https://github.com/acme.evil/x", False),
        (".*", "x", False),
        ("A", "a", False),
    ],
)
def test_a_builder_fits_a_pattern(pattern: str, text: str, fitting: bool) -> None:
    assert fits(pattern, text) is fitting


@settings(deadline=None)
@given(
    st.lists(st.text("ab", max_size=3), min_size=1, max_size=5),
    st.lists(st.text("ab", max_size=3), max_size=6),
)
def test_a_pattern_fits_what_its_stars_were_filled_with(parts: list[str], fillings: list[str]) -> None:
    filled = parts[0] + "".join(
        (fillings[position] if position < len(fillings) else "") + part
        for position, part in enumerate(parts[1:])
    )
    assert fits("*".join(parts), filled)
    assert fits("*".join(parts), filled + "c") == (len(parts) > 1 and not parts[-1])


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(hours=1, minutes=30), "1h30m"),
        (timedelta(days=2), "2d"),
        (timedelta(seconds=59), "59s"),
        (timedelta(), "0s"),
    ],
)
def test_a_duration_is_written_as_it_is_configured(span: timedelta, text: str) -> None:
    assert duration(span) == text


def test_only_passed_lets_through() -> None:
    assert [state.value for state in GateState] == ["passed", "pending", "failed", "errored"]
