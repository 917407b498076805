"""The release to go back to: from the shape of Git's history, never from a clock."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.environments.pin import Pin
from idp.releases.good_mark import GoodMark
from idp.releases.hold_mark import Hold
from idp.releases.last_known_good import Choice, last_known_good

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def pin(version: str, image: str | None = None) -> Pin:
    """A release; those of one `image` are the same bytes under several versions."""
    letter = f"{sum(map(ord, image or version)):x}"
    return Pin(f"example.org/pay@sha256:{letter:0>64}", version, "1" * 40)


@dataclass
class History:
    """A branch: `commits` are first parents, oldest first."""

    commits: list[str] = field(default_factory=list)
    pins: dict[str, Pin] = field(default_factory=dict)
    marks: list[GoodMark] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)

    def deploy(self, release: Pin, *, good: bool = True, on_branch: bool = True, at: datetime = NOON) -> str:
        commit = f"{len(self.pins):040x}"
        self.pins[commit] = release
        if on_branch:
            self.commits.append(commit)
        if good:
            self.marks.append(GoodMark("prod", "pay", release.version, release.digest, commit, at))
        return commit

    def hold(self, release: Pin) -> None:
        self.holds.append(Hold("prod", "pay", release.version, release.digest, "bad", "ann", NOON, 1))

    def choose(self, present: Pin) -> Choice:
        return last_known_good(
            "prod",
            "pay",
            present,
            first_parents=self.commits[::-1],
            marks=self.marks,
            pins=self.pins,
            holds=self.holds,
        )

    def version(self, present: Pin) -> str | None:
        found = self.choose(present).found
        return found.pin.version if found else None


def test_it_is_the_newest_good_release_before_the_present_one() -> None:
    history = History()
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        history.deploy(pin(version))
    assert history.version(pin("1.2.0")) == "1.1.0"
    assert history.version(pin("1.3.0")) == "1.2.0"


def test_a_release_that_was_never_verified_is_nothing_to_go_back_to() -> None:
    history = History()
    history.deploy(pin("1.0.0"))
    history.deploy(pin("1.1.0"), good=False)
    assert history.version(pin("1.2.0")) == "1.0.0"


@pytest.mark.parametrize("order", [1, -1])
def test_marks_of_the_same_second_or_in_a_wrong_order_change_nothing(order: int) -> None:
    history = History()
    for number in range(5):
        history.deploy(pin(f"1.{number}.0"), at=NOON + order * timedelta(days=number))
    assert history.version(pin("1.4.0")) == "1.3.0"
    history.marks = [replace(mark, at=NOON) for mark in history.marks]
    random.Random(1).shuffle(history.marks)  # noqa: S311 - an order, no secret
    assert history.version(pin("1.4.0")) == "1.3.0"


def test_a_mark_on_a_side_branch_counts_for_nothing() -> None:
    history = History()
    history.deploy(pin("1.0.0"))
    side = history.deploy(pin("1.1.0"), on_branch=False)
    merge = history.deploy(pin("1.1.0"), good=False)
    assert merge != side
    assert history.version(pin("1.2.0")) == "1.0.0"
    history.marks.append(GoodMark("prod", "pay", "1.1.0", pin("1.1.0").digest, merge, NOON))
    assert history.version(pin("1.2.0")) == "1.1.0"


def test_a_held_release_is_passed_over_by_its_version_and_by_its_image() -> None:
    history = History()
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        history.deploy(pin(version))
    history.hold(pin("1.1.0", image="rebuilt"))
    assert history.version(pin("1.2.0")) == "1.0.0"
    history.holds = [Hold("prod", "pay", "9.9.9", pin("1.1.0").digest, "bad", "ann", NOON, 1)]
    assert history.version(pin("1.2.0")) == "1.0.0"
    history.holds = [Hold("staging", "pay", "1.1.0", pin("1.1.0").digest, "bad", "ann", NOON, 1)]
    assert history.version(pin("1.2.0")) == "1.1.0"


def test_the_same_image_under_another_version_is_no_way_back() -> None:
    history = History()
    history.deploy(pin("1.0.0"))
    history.deploy(pin("1.1.0", image="same"))
    assert history.version(pin("1.1.1", image="same")) == "1.0.0"


def test_going_back_twice_does_not_swing_to_and_fro() -> None:
    history = History()
    history.deploy(pin("1.0.0"))
    history.deploy(pin("1.1.0"))
    history.hold(pin("1.1.0"))
    history.deploy(pin("1.0.0"), good=False)  # its mark lies on the older commit
    choice = history.choose(pin("1.0.0"))
    assert choice.found is None
    assert [(each.version, each.reason) for each in choice.passed_over] == [
        ("1.1.0", "held: bad"),
        ("1.0.0", "it is the image that is pinned now"),
    ]


def test_without_any_mark_there_is_nothing() -> None:
    history = History()
    history.deploy(pin("1.0.0"), good=False)
    assert history.choose(pin("1.1.0")) == Choice(None, ())


def test_a_mark_of_another_service_or_environment_counts_for_nothing() -> None:
    history = History()
    commit = history.deploy(pin("1.0.0"), good=False)
    digest = pin("1.0.0").digest
    history.marks = [
        GoodMark("staging", "pay", "1.0.0", digest, commit, NOON),
        GoodMark("prod", "shop", "1.0.0", digest, commit, NOON),
    ]
    assert history.choose(pin("1.1.0")) == Choice(None, ())


def test_a_mark_that_names_something_else_than_its_commit_pins_vouches_for_nothing() -> None:
    history = History()
    history.deploy(pin("1.0.0"))
    moved = history.deploy(pin("1.1.0"), good=False)
    gone = history.deploy(pin("1.2.0"), good=False)
    history.marks += [
        GoodMark("prod", "pay", "0.9.0", pin("0.9.0").digest, moved, NOON),
        GoodMark("prod", "pay", "1.2.0", pin("1.2.0").digest, gone, NOON),
    ]
    del history.pins[gone]
    choice = history.choose(pin("1.3.0"))
    assert choice.found is not None
    assert choice.found.pin.version == "1.0.0"
    assert [each.version for each in choice.passed_over] == ["1.2.0", "0.9.0"]


steps = st.lists(
    st.tuples(st.sampled_from("abcde"), st.booleans(), st.booleans(), st.booleans()), max_size=12
)


@settings(deadline=None)
@given(steps, st.sampled_from("abcdef"), st.randoms())
def test_it_is_what_a_walk_down_the_branch_finds(
    made: Sequence[tuple[str, bool, bool, bool]], present: str, chance: random.Random
) -> None:
    history = History()
    walk: list[tuple[str, bool]] = []
    for name, good, on_branch, held in made:
        release = pin(f"{ord(name)}.0.0")
        history.deploy(
            release, good=good, on_branch=on_branch, at=NOON + timedelta(days=chance.randint(-9, 9))
        )
        if on_branch:
            walk.append((release.version, good))
        if held:
            history.hold(release)
    held_versions = {hold.version for hold in history.holds}
    chance.shuffle(history.marks)
    now = pin(f"{ord(present)}.0.0")
    expected = next(
        (name for name, good in reversed(walk) if good and name != now.version and name not in held_versions),
        None,
    )
    assert history.version(now) == expected
