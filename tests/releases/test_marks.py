"""Good marks and holds: annotated tags whose names and messages are read back as they were written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.core.errors import UsageError
from idp.environments.pin import Pin
from idp.releases.good_mark import GoodMark, UnnamedMark, good_message, good_tag, named, parse_good_mark
from idp.releases.hold_mark import (
    Hold,
    Lift,
    active,
    barring,
    hold_message,
    hold_tag,
    lifted_message,
    lifted_tag,
    next_number,
    parse_hold,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
PIN = Pin(f"example.org/pay@{DIGEST}", "1.4.0-rc.1", "1" * 40)
COMMIT = "2" * 40
HOLD = Hold("prod", "pay", "1.4.0-rc.1", DIGEST, "it loses orders", "ann@example.org", NOON, 1)


def test_a_mark_is_read_back() -> None:
    name = good_tag("prod", "pay", PIN.version)
    assert name == "good/prod/pay/1.4.0-rc.1"
    mark = parse_good_mark(name, good_message("prod", "pay", PIN), COMMIT, NOON)
    assert mark == GoodMark("prod", "pay", PIN.version, DIGEST, COMMIT, NOON)


@pytest.mark.parametrize(
    "message",
    [
        f"Idp-Digest: {DIGEST}\nIdp-Digest: {OTHER}\n",
    ],
)
def test_a_tag_that_names_two_images_vouches_for_nothing(message: str) -> None:
    assert parse_good_mark("good/prod/pay/1.0.0", message, COMMIT, NOON) is None


@pytest.mark.parametrize("message", ["", "good", "Idp-Digest: sha256:1", f" Idp-Digest: {DIGEST}"])
def test_a_tag_that_names_no_image_means_what_its_commit_pins(message: str) -> None:
    mark = parse_good_mark(good_tag("prod", "pay", PIN.version), message, COMMIT, None)
    assert isinstance(mark, UnnamedMark)
    assert named(mark, PIN) == GoodMark("prod", "pay", PIN.version, DIGEST, COMMIT, None)
    assert named(mark, None) is None
    assert named(mark, replace(PIN, version="1.5.0")) is None


@pytest.mark.parametrize(
    "name", ["good/prod/pay", "good/prod/pay/1.0.0/1", "hold/prod/pay/1.0.0", "v1.0.0", "good/../pay/1"]
)
def test_a_tag_of_another_kind_is_no_mark(name: str) -> None:
    assert parse_good_mark(name, good_message("prod", "pay", PIN), COMMIT, NOON) is None


@settings(deadline=None)
@given(st.text())
def test_a_hold_is_read_back_whatever_its_reason_says(reason: str) -> None:
    message = hold_message("prod", "pay", PIN, reason)
    found = parse_hold(hold_tag("prod", "pay", PIN.version, 1), message, "ann@example.org", NOON)
    assert isinstance(found, Hold)
    assert replace(found, reason="") == replace(HOLD, reason="")
    assert len(message.splitlines()) == 4
    assert (
        (found.reason == reason)
        or not reason.isprintable()
        or reason != " ".join(reason.split())
        or len(reason) > 500
    )


def test_a_reason_cannot_forge_another_digest() -> None:
    message = hold_message("prod", "pay", PIN, f"x\nIdp-Digest: {OTHER}")
    found = parse_hold("hold/prod/pay/1.4.0-rc.1/1", message, "ann", NOON)
    assert isinstance(found, Hold)
    assert found.digest == DIGEST


def test_a_hold_whose_message_was_emptied_still_bars_its_version() -> None:
    found = parse_hold("hold/prod/pay/1.4.0-rc.1/1", "", "ann", NOON)
    assert isinstance(found, Hold)
    assert barring([found], "prod", "pay", PIN) == found
    assert barring([found], "prod", "pay", replace(PIN, version="1.5.0")) is None


@pytest.mark.parametrize(
    "name",
    [
        "hold/prod/pay/1.0.0",
        "hold/prod/pay/1.0.0/0",
        "hold/prod/pay/1.0.0/01",
        "good/prod/pay/1.0.0",
        "held/prod/pay/1.0.0/1",
    ],
)
def test_a_tag_of_another_kind_is_no_hold(name: str) -> None:
    assert parse_hold(name, "", "ann", NOON) is None


def test_lifting_ends_one_hold_and_no_other() -> None:
    again = replace(HOLD, number=2)
    elsewhere = replace(HOLD, environment="staging")
    name = lifted_tag("prod", "pay", HOLD.version, 1)
    lift = parse_hold(name, lifted_message(HOLD, "fixed"), "bob", NOON)
    assert lift == Lift("prod", "pay", HOLD.version, 1, "bob", NOON)
    assert active([HOLD, again, elsewhere, lift]) == (again, elsewhere)
    assert active([lift]) == ()


def test_numbers_count_on_from_every_hold_there_ever_was() -> None:
    holds = [HOLD, replace(HOLD, number=10), replace(HOLD, version="1.0.0", number=99)]
    assert next_number(holds, HOLD.version) == 11
    assert next_number([], HOLD.version) == 1


def test_the_newest_of_several_holds_is_told() -> None:
    newer = replace(HOLD, version="1.3.9", at=NOON + timedelta(days=1), reason="newer")
    assert barring([newer, HOLD], "prod", "pay", PIN) == newer
    assert barring([HOLD], "staging", "pay", PIN) is None
    assert barring([HOLD], "prod", "shop", PIN) is None


@pytest.mark.parametrize("names", [("../x", "pay"), ("prod", "../pay"), ("releases", "pay")])
def test_no_tag_is_named_after_what_is_no_name(names: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        good_tag(*names, "1.0.0")
    with pytest.raises(UsageError):
        hold_tag(*names, "1.0.0", 1)
    with pytest.raises(UsageError):
        lifted_tag(*names, "1.0.0", 1)
