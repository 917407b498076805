"""Freeze windows: wall-clock times, whatever the clocks of a place do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.environments.freeze_window import SingleWindow, WeeklyWindow, Window, closing, freeze_at, opening

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
APIA, KIRITIMATI = "Pacific/Apia", "Pacific/Kiritimati"
EVERY_DAY = frozenset(range(7))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def clock(text: str) -> time:
    return time.fromisoformat(text)


def weekly(start: str, end: str | None, zone: str, *days: int) -> WeeklyWindow:
    return WeeklyWindow(
        frozenset(days) or EVERY_DAY, clock(start), clock(end) if end else None, zone, "no deployments"
    )


def single(start: str, end: str, zone: str) -> SingleWindow:
    return SingleWindow(datetime.fromisoformat(start), datetime.fromisoformat(end), zone, "inventory")


# Clocks go forward: a time that is skipped is the moment of the skip. Clocks go back: as long as the times may mean.
TRANSITIONS = [
    ("usual", weekly("22:00", "23:00", BERLIN), "2026-01-10T21:00", "2026-01-10T22:00"),
    ("summer", weekly("22:00", "23:00", BERLIN), "2026-07-10T20:00", "2026-07-10T21:00"),
    ("over midnight", weekly("22:00", "06:00", BERLIN), "2026-01-10T21:00", "2026-01-11T05:00"),
    ("whole day", weekly("00:00", None, BERLIN, 5), "2026-01-09T23:00", "2026-01-10T23:00"),
    ("Berlin, a night of 7 hours", weekly("22:00", "06:00", BERLIN, 5), "2026-03-28T21:00", "2026-03-29T04:00"),
    ("Berlin, a night of 9 hours", weekly("22:00", "06:00", BERLIN, 5), "2026-10-24T20:00", "2026-10-25T05:00"),
    ("Berlin, a day of 23 hours", weekly("00:00", None, BERLIN, 6), "2026-03-28T23:00", "2026-03-29T22:00"),
    ("Berlin, a day of 25 hours", weekly("00:00", None, BERLIN, 6), "2026-10-24T22:00", "2026-10-25T23:00"),
    ("Berlin, begins in the gap", weekly("02:30", "04:00", BERLIN, 6), "2026-03-29T01:00", "2026-03-29T02:00"),
    ("Berlin, ends in the gap", weekly("01:00", "02:30", BERLIN, 6), "2026-03-29T00:00", "2026-03-29T01:00"),
    ("Berlin, begins in the fold", weekly("02:30", "04:00", BERLIN, 6), "2026-10-25T00:30", "2026-10-25T03:00"),
    ("Berlin, ends in the fold", weekly("01:00", "02:30", BERLIN, 6), "2026-10-24T23:00", "2026-10-25T01:30"),
    ("New York, begins in the gap", weekly("02:30", "04:00", NEW_YORK, 6), "2026-03-08T07:00", "2026-03-08T08:00"),
    ("New York, ends in the fold", weekly("00:30", "01:30", NEW_YORK, 6), "2026-11-01T04:30", "2026-11-01T06:30"),
    ("New York, a night of 9 hours", weekly("22:00", "06:00", NEW_YORK, 5), "2026-11-01T02:00", "2026-11-01T11:00"),
    ("Lord Howe, half an hour's gap", weekly("02:15", "03:00", LORD_HOWE, 6), "2026-10-03T15:30", "2026-10-03T16:00"),
    ("Lord Howe, half an hour's fold", weekly("01:45", "02:30", LORD_HOWE, 6), "2026-04-04T14:45", "2026-04-04T16:00"),
    ("Lord Howe, ends in the fold", weekly("01:00", "01:45", LORD_HOWE, 6), "2026-04-04T14:00", "2026-04-04T15:15"),
    ("Apia, before the day that was none", weekly("12:00", None, APIA, 3), "2011-12-29T22:00", "2011-12-30T10:00"),
    ("once", single("2026-10-24T18:00", "2026-10-26T08:00", BERLIN), "2026-10-24T16:00", "2026-10-26T07:00"),
    ("far east", single("2026-12-31T00:00", "2027-01-01T00:00", KIRITIMATI), "2026-12-30T10:00", "2026-12-31T10:00"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("window", "first", "over"), [row[1:] for row in TRANSITIONS], ids=[row[0] for row in TRANSITIONS]
)
def test_a_window_lies_from_its_first_moment_to_its_last(window: Window, first: str, over: str) -> None:
    second = timedelta(seconds=1)
    assert freeze_at([window], utc(first) - second) is None
    for moment in (utc(first), utc(first) + (utc(over) - utc(first)) / 2, utc(over) - second):
        found = freeze_at([window], moment)
        assert found is not None
        assert (found.reasons, found.until) == ((window.reason,), utc(over))
    assert freeze_at([window], utc(over)) is None


def test_a_window_that_lies_wholly_in_the_gap_is_none() -> None:
    window = weekly("02:10", "02:50", BERLIN, 6)
    minutes = (utc("2026-03-28T12:00") + timedelta(minutes=minute) for minute in range(0, 24 * 60, 5))
    assert not any(freeze_at([window], minute) for minute in minutes)


def test_a_day_that_a_place_never_had_is_frozen_by_nothing() -> None:
    friday = weekly("00:00", None, APIA, 4)
    assert freeze_at([friday], utc("2011-12-30T09:59")) is None
    assert freeze_at([friday], utc("2011-12-30T10:00")) is None


def test_windows_that_adjoin_or_overlap_end_together() -> None:
    weekend: list[Window] = [
        weekly("16:00", None, BERLIN, 4),
        weekly("00:00", None, BERLIN, 5, 6),
        weekly("00:00", "08:00", BERLIN, 0),
        single("2026-01-12T07:00", "2026-01-12T09:30", NEW_YORK),
    ]
    found = freeze_at(weekend, utc("2026-01-09T15:00"))
    assert found is not None
    assert (found.reasons, found.until) == (("no deployments",), utc("2026-01-12T07:00"))
    overlapping: list[Window] = [*weekend, single("2026-01-12T01:00", "2026-01-12T09:30", NEW_YORK)]
    found = freeze_at(overlapping, utc("2026-01-12T06:30"))
    assert found is not None
    assert (found.reasons, found.until) == (("no deployments", "inventory"), utc("2026-01-12T14:30"))


def test_windows_without_a_gap_have_no_end() -> None:
    found = freeze_at([weekly("00:00", None, BERLIN)], utc("2026-01-09T15:00"))
    assert found is not None
    assert found.until is None
    assert found.reasons == ("no deployments",)


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(LookupError):
        freeze_at([weekly("00:00", None, "Europe/Atlantis")], utc("2026-01-09T15:00"))


ZONES = [
    BERLIN,
    NEW_YORK,
    LORD_HOWE,
    "UTC",
    "Asia/Kathmandu",
    APIA,
    "Africa/Casablanca",
    "America/St_Johns",
]
YEAR = (datetime(2026, 1, 1), datetime(2027, 12, 31))  # noqa: DTZ001 - Hypothesis adds the zone
moments = st.datetimes(*YEAR, timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))
near_transitions = st.builds(
    lambda text, minutes: utc(text) + timedelta(minutes=minutes),
    st.sampled_from([row[2] for row in TRANSITIONS]),
    st.integers(-2000, 2000),
)
clocks = st.times(max_value=time(23, 59)).map(lambda one: one.replace(second=0, microsecond=0, fold=0))
weeklies = st.builds(
    WeeklyWindow,
    st.frozensets(st.integers(0, 6), min_size=1),
    clocks,
    st.none() | clocks,
    st.sampled_from(ZONES),
    st.just("weekly"),
).filter(lambda window: window.start != window.end)
singles = st.builds(
    lambda start, hours, zone: SingleWindow(start, start + timedelta(hours=hours), zone, "once"),
    st.datetimes(*YEAR).map(lambda moment: moment.replace(second=0, microsecond=0)),
    st.integers(1, 400),
    st.sampled_from(ZONES),
)


def lies_over(window: Window, moment: datetime) -> bool:
    """Slow and by itself: walk the place's clock minute by minute from the day before the earliest beginning.

    Between the first time that the clock shows the beginning or passes it, and the last that it shows the end.
    """
    zone = ZoneInfo(window.zone)
    if isinstance(window, SingleWindow):
        return first_at_or_past(window.start, zone) <= moment < last_before(window.end, zone)
    local = moment.astimezone(zone).date()
    for back in range(4):
        day = local + timedelta(days=1 - back)
        if day.weekday() not in window.days:
            continue
        end_day = day if window.end and window.end > window.start else day + timedelta(days=1)
        start, end = datetime.combine(day, window.start), datetime.combine(end_day, window.end or time())
        if first_at_or_past(start, zone) <= moment < last_before(end, zone):
            return True
    return False


def shown(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def around(wall: datetime) -> list[datetime]:
    """Every minute at which a clock anywhere could show a time, and the half day around."""
    return [wall.replace(tzinfo=UTC) + timedelta(minutes=minute) for minute in range(-16 * 60, 16 * 60)]


def first_at_or_past(wall: datetime, zone: ZoneInfo) -> datetime:
    return next(minute for minute in around(wall) if shown(minute, zone) >= wall)


def last_before(wall: datetime, zone: ZoneInfo) -> datetime:
    """The minute after the last one whose time is before the end, as if seconds did not exist."""
    return [minute for minute in around(wall) if shown(minute, zone) < wall][-1] + timedelta(minutes=1)


@settings(deadline=None, max_examples=80)
@given(weeklies | singles, moments | near_transitions)
def test_frozen_is_what_a_slow_look_at_the_clock_says(window: Window, moment: datetime) -> None:
    moment = moment.replace(second=0)
    assert (freeze_at([window], moment) is not None) == lies_over(window, moment)


@settings(deadline=None)
@given(st.lists(weeklies | singles, min_size=1, max_size=4), moments | near_transitions)
def test_the_end_is_the_first_moment_that_is_free(windows: list[Window], moment: datetime) -> None:
    found = freeze_at(windows, moment)
    assert (found is not None) == any(freeze_at([window], moment) for window in windows)
    if found is None or found.until is None:
        return
    assert found.until > moment
    assert freeze_at(windows, found.until) is None
    span = found.until - moment
    for part in (0.0, 0.01, 0.25, 0.5, 0.75, 0.99):
        assert freeze_at(windows, moment + span * part) is not None


@settings(deadline=None)
@given(st.datetimes(*YEAR).map(lambda moment: moment.replace(microsecond=0)), st.sampled_from(ZONES))
def test_no_opening_comes_after_the_closing_of_the_same_time(wall: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    assert opening(wall, zone) <= closing(wall, zone)
    assert shown(opening(wall, zone), zone) >= wall
    assert isinstance(opening(wall, zone).date(), date)
