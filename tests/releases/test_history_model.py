"""History and the DORA figures: from commits as they are, those made by hand included."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.environments.pin import Pin
from idp.releases.delivery_figures import DeliveryFigures, delivery_figures
from idp.releases.good_mark import GoodMark
from idp.releases.history_model import Move, MoveKind, PinChange, PinCommit, moves
from idp.releases.hold_mark import Hold
from idp.releases.promotion_model import Action, PromotionPlan, promotion_message
from idp.releases.record import ReleaseRecord
from idp.releases.trailers import trailers

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def pin(number: int) -> Pin:
    return Pin(f"example.org/pay@sha256:{number:064x}", f"1.{number}.0", f"{number:040x}")


def written(after: Pin, before: Pin | None = None, action: Action = Action.PROMOTE, reason: str = "") -> str:
    plan = PromotionPlan(action, "pay", "prod", "staging", after, before, reason=reason)
    return promotion_message(plan)


def commit(message: str, *changes: PinChange, at: datetime = MONDAY) -> PinCommit:
    return PinCommit("c" * 40, at, "Ann <ann@example.org>", message, changes)


def change(
    before: Pin | None, after: Pin | None, environment: str = "prod", service: str = "pay"
) -> PinChange:
    return PinChange(environment, service, before, after)


@pytest.mark.parametrize("action", list(Action))
def test_what_idp_writes_is_read_back(action: Action) -> None:
    message = written(pin(2), pin(1), action, "a fix\nIdp-Action: release")
    (move,) = moves([commit(message, change(pin(1), pin(2)))])
    assert move == Move(
        "c" * 40,
        MONDAY,
        "Ann <ann@example.org>",
        "prod",
        "pay",
        MoveKind(action.value),
        pin(1),
        pin(2),
        "a fix Idp-Action: release",
    )


BY_HAND = [
    ("fix prod by hand", change(pin(1), pin(2)), MoveKind.EDIT),
    ('Revert "chore(prod): promote pay"\n\nThis reverts commit 123.', change(pin(2), pin(1)), MoveKind.EDIT),
    ("remove pay", change(pin(2), None), MoveKind.REMOVE),
    (written(pin(2), pin(1)), change(pin(1), pin(3)), MoveKind.EDIT),
    (written(pin(2), pin(1)), change(pin(1), pin(2), environment="staging"), MoveKind.EDIT),
    (written(pin(2), pin(1)), change(pin(1), pin(2), service="shop"), MoveKind.EDIT),
    (written(pin(2), pin(1)).replace("promote\n", "teleport\n"), change(pin(1), pin(2)), MoveKind.EDIT),
    (written(pin(2), pin(1)) + "\nand more", change(pin(1), pin(2)), MoveKind.EDIT),
    (written(pin(2), pin(1)) + "and more", change(pin(1), pin(2)), MoveKind.EDIT),
    ("Idp-Action: promote", change(pin(1), pin(2)), MoveKind.EDIT),
]


@pytest.mark.parametrize(("message", "changed", "kind"), BY_HAND, ids=range(len(BY_HAND)))
def test_a_commit_is_what_its_file_says_and_not_its_message(
    message: str, changed: PinChange, kind: MoveKind
) -> None:
    (move,) = moves([commit(message, changed)])
    assert (move.kind, move.reason, move.before, move.after) == (kind, "", changed.before, changed.after)


def test_what_a_forge_adds_below_does_not_hide_what_idp_wrote() -> None:
    message = written(pin(2), pin(1)) + "\n---------\n\nCo-authored-by: Bob <bob@example.org>\n"
    assert moves([commit(message, change(pin(1), pin(2)))])[0].kind is MoveKind.PROMOTE


def test_other_trailers_are_left_to_others() -> None:
    assert trailers("x\n\nIdp-Action: promote\nSigned-off-by: Ann") == {"Idp-Action": "promote"}


def test_a_merge_says_what_the_commits_that_it_brought_say() -> None:
    merge = replace(
        commit("Merge pull request #7 from idp/promote/prod/pay", change(pin(1), pin(2))),
        merged=("a typo", written(pin(2), pin(1), reason="a fix")),
    )
    (move,) = moves([merge])
    assert (move.kind, move.reason, move.by) == (MoveKind.PROMOTE, "a fix", "Ann <ann@example.org>")
    (other,) = moves([replace(merge, merged=(written(pin(3), pin(1)),))])
    assert other.kind is MoveKind.EDIT


def test_one_commit_may_move_several_and_a_comment_moves_none() -> None:
    found = moves(
        [
            commit("all", change(pin(1), pin(2)), change(pin(1), pin(3), service="shop")),
            commit("a comment", change(pin(2), pin(2))),
        ]
    )
    assert [(move.service, move.after) for move in found] == [("pay", pin(2)), ("shop", pin(3))]


@settings(deadline=None)
@given(st.text())
def test_any_message_has_trailers_or_none(message: str) -> None:
    assert all(key.startswith("Idp-") and "\n" not in value for key, value in trailers(message).items())


def steps(*made: tuple[int, MoveKind], service: str = "pay", apart: timedelta = DAY) -> list[Move]:
    """Moves a day apart, each from the one before."""
    found: list[Move] = []
    for number, kind in made:
        before = found[-1].after if found else None
        at = MONDAY + apart * len(found)
        found.append(
            Move(f"{service}{len(found)}", at, "ann", "prod", service, kind, before, pin(number), "")
        )
    return found


PROMOTE, ROLLBACK, EDIT = MoveKind.PROMOTE, MoveKind.ROLLBACK, MoveKind.EDIT


def hold(number: int, at: datetime, service: str = "pay", environment: str = "prod") -> Hold:
    release = pin(number)
    return Hold(environment, service, release.version, release.digest, "bad", "ann", at, 1)


def figures(found: list[Move], holds: tuple[Hold, ...] = (), **more: Any) -> DeliveryFigures:
    known: dict[str, Any] = {"marks": (), "records": {}, "until": MONDAY + 14 * DAY, **more}
    return delivery_figures("prod", found, holds=holds, **known)


def test_releases_that_come_in_are_counted_by_the_week() -> None:
    result = figures(steps(*((number, PROMOTE) for number in range(6))))
    assert (result.deployments, result.per_week) == (6, 3.0)
    assert (result.failures, result.failure_rate, result.time_to_restore, result.unrestored) == (
        0,
        0.0,
        None,
        0,
    )
    assert (result.since, result.until) == (MONDAY, MONDAY + 14 * DAY)


def test_nothing_is_made_up_where_nothing_is_known() -> None:
    result = figures([])
    assert result == DeliveryFigures("prod", None, MONDAY + 14 * DAY, 0, None, None, 0, 0, None, None, 0)
    quiet = figures([], since=MONDAY)
    assert (quiet.deployments, quiet.per_week, quiet.failure_rate) == (0, 0.0, None)
    assert figures(steps((1, PROMOTE)), until=MONDAY + HOUR).per_week is None
    assert figures(steps((1, PROMOTE)), until=MONDAY + DAY).per_week == pytest.approx(7)


def test_only_the_environment_and_the_time_asked_for_count() -> None:
    found = steps((1, PROMOTE), (2, PROMOTE), (3, PROMOTE))
    elsewhere = [replace(move, environment="staging") for move in found]
    assert figures([*found, *elsewhere]).deployments == 3
    assert figures(found, since=MONDAY + DAY).deployments == 2
    assert figures(found, until=MONDAY + DAY).deployments == 2


def test_a_rollback_is_no_deployment_and_says_that_one_failed() -> None:
    result = figures(steps((1, PROMOTE), (2, PROMOTE), (1, ROLLBACK), (3, PROMOTE)))
    assert (result.deployments, result.failures, result.unrestored) == (3, 1, 0)
    assert result.failure_rate == pytest.approx(1 / 3)
    assert result.time_to_restore == DAY


def test_a_revert_by_hand_is_a_way_back_too() -> None:
    result = figures(steps((1, PROMOTE), (2, EDIT), (1, EDIT), (3, EDIT)))
    assert (result.deployments, result.failures) == (3, 1)


def test_the_same_image_under_another_name_is_no_deployment() -> None:
    found = steps((1, PROMOTE))
    again = replace(pin(1), version="1.1.1")
    found.append(replace(found[0], commit="x", at=MONDAY + DAY, before=pin(1), after=again))
    assert figures(found).deployments == 1


def test_a_hold_afterwards_says_that_a_deployment_failed() -> None:
    found = steps((1, PROMOTE), (2, PROMOTE), (3, PROMOTE))
    assert figures(found, (hold(2, MONDAY + 1.5 * DAY),)).failures == 1
    assert figures(found, (hold(2, MONDAY + 9 * DAY),)).failures == 1
    assert figures(found, (hold(2, MONDAY + 0.5 * DAY),)).failures == 0
    assert figures(found, (hold(2, MONDAY + 2 * DAY, environment="staging"),)).failures == 0
    assert figures(found, (hold(2, MONDAY + 2 * DAY, service="shop"),)).failures == 0


def test_a_hold_concerns_a_release_by_its_version_or_by_its_image() -> None:
    found = steps((1, PROMOTE), (2, PROMOTE))
    by_both = hold(2, MONDAY + 2 * DAY)
    assert figures(found, (replace(by_both, digest=""),)).failures == 1
    assert figures(found, (replace(by_both, version="9.9.9"),)).failures == 1
    assert figures(found, (replace(by_both, version="9.9.9", digest=""),)).failures == 0


def test_clocks_that_disagree_make_no_negative_time() -> None:
    found = steps((1, PROMOTE), (2, PROMOTE), (1, ROLLBACK))
    found[2] = replace(found[2], at=MONDAY)
    assert figures(found).time_to_restore == timedelta()


def test_a_hold_and_a_rollback_of_one_deployment_are_one_failure() -> None:
    found = steps((1, PROMOTE), (2, PROMOTE), (1, ROLLBACK))
    result = figures(found, (hold(2, MONDAY + 1.9 * DAY), hold(2, MONDAY + 2 * DAY)))
    assert (result.failures, result.time_to_restore) == (1, DAY)


def test_the_time_to_restore_lasts_until_a_release_that_did_not_fail() -> None:
    found = steps((1, PROMOTE), (2, PROMOTE), (3, PROMOTE), (4, PROMOTE))
    result = figures(found, (hold(2, MONDAY + 1.5 * DAY), hold(3, MONDAY + 2.5 * DAY)))
    assert (result.failures, result.time_to_restore) == (2, 1.5 * DAY)
    unrestored = figures(found[:3], (hold(2, MONDAY + 1.5 * DAY), hold(3, MONDAY + 2.5 * DAY)))
    assert (unrestored.time_to_restore, unrestored.unrestored) == (None, 2)


def test_services_do_not_mix() -> None:
    found = [
        *steps((1, PROMOTE), (2, PROMOTE)),
        *steps((1, PROMOTE), (2, PROMOTE), (1, ROLLBACK), service="shop"),
    ]
    result = figures(sorted(found, key=lambda move: move.at))
    assert (result.deployments, result.failures) == (4, 1)


def record(number: int, built_at: datetime) -> ReleaseRecord:
    release = pin(number)
    return ReleaseRecord("pay", release.version, release.image, release.revision, None, None, built_at)


def mark(number: int, at: datetime, environment: str = "prod") -> GoodMark:
    return GoodMark(environment, "pay", pin(number).version, pin(number).digest, "c" * 40, at)


def test_lead_time_is_from_the_build_to_the_good_mark() -> None:
    found = steps((1, PROMOTE), (2, PROMOTE))
    records = {("pay", pin(number).version): record(number, MONDAY - DAY) for number in (1, 2, 3, 4)}
    marks = (
        mark(1, MONDAY),
        mark(2, MONDAY + 2 * DAY),
        mark(3, MONDAY - 2 * DAY),  # before what is looked at
        mark(4, MONDAY, "staging"),
        mark(5, MONDAY),  # no record
        replace(mark(4, MONDAY), digest=pin(9).digest),  # another image than recorded
    )
    result = figures(found, marks=marks, records=records)
    assert (result.lead_time, result.lead_times) == (2 * DAY, 2)
    assert figures(found, marks=marks[:1], records=records).lead_time == DAY


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([PROMOTE, ROLLBACK, EDIT])), max_size=10),
    st.lists(st.tuples(st.integers(0, 3), st.integers(-2, 12)), max_size=4),
)
def test_the_figures_are_possible_ones(made: list[tuple[int, MoveKind]], held: list[tuple[int, int]]) -> None:
    result = figures(steps(*made), tuple(hold(number, MONDAY + days * DAY) for number, days in held))
    assert 0 <= result.failures <= result.deployments <= len(made)
    assert 0 <= result.unrestored <= result.failures
    assert (result.failure_rate is None) == (result.deployments == 0)
    assert (result.time_to_restore is None) == (result.failures == result.unrestored)
    assert result.time_to_restore is None or result.time_to_restore > timedelta()
