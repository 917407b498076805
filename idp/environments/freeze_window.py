"""Windows of time in which nothing is promoted: wall-clock times of a place, whatever its clocks do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_MOST_STEPS = 400


@dataclass(frozen=True)
class WeeklyWindow:
    """A window that comes back every week.

    Attributes:
        days: on which weekdays it begins, 0 is Monday.
        start: wall-clock time, included.
        end: wall-clock time, not included; None is the midnight that ends the day. At or before `start` it is
            the next day's.
        zone: an IANA time zone, `Europe/Berlin` for example.
    """

    days: frozenset[int]
    start: time
    end: time | None
    zone: str
    reason: str


@dataclass(frozen=True)
class SingleWindow:
    """A window that comes once; `start` (included) and `end` (not included) are wall-clock times without a zone."""

    start: datetime
    end: datetime
    zone: str
    reason: str


Window = WeeklyWindow | SingleWindow


@dataclass(frozen=True)
class Freeze:
    """That it is frozen now.

    Attributes:
        reasons: those of the windows that lie over now, in the order they are listed.
        until: when the first moment comes that no window lies over, UTC; None if there is none within a year or so.
    """

    reasons: tuple[str, ...]
    until: datetime | None


def freeze_at(windows: Sequence[Window], now: datetime) -> Freeze | None:
    """Whether it is frozen, and until when: windows that adjoin or overlap count as one.

    Args:
        windows: all of an environment's.
        now: any moment, with a time zone.

    Raises:
        LookupError: a time zone is not known here.
    """
    moment = now.astimezone(UTC)
    over = [window for window in windows if _end_of(window, moment) is not None]
    if not over:
        return None
    for _ in range(_MOST_STEPS):
        ends = [end for window in windows if (end := _end_of(window, moment)) is not None]
        if not ends:
            return Freeze(tuple(window.reason for window in over), moment)
        moment = max(ends)
    return Freeze(tuple(window.reason for window in over), None)


def _end_of(window: Window, moment: datetime) -> datetime | None:
    """The end of the window's occurrence that lies over a moment, None if none does."""
    zone = ZoneInfo(window.zone)
    spans = ((opening(start, zone), closing(end, zone)) for start, end in _near(window, moment, zone))
    return max((end for start, end in spans if start <= moment < end), default=None)


def _near(window: Window, moment: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """The occurrences that could lie over a moment, as wall-clock times: no clock was ever moved by more than a day."""
    if isinstance(window, SingleWindow):
        yield window.start, window.end
        return
    today = moment.astimezone(zone).date()
    for distance in range(-3, 3):
        day = today + distance * _DAY
        if day.weekday() in window.days:
            yield _on(window, day)


def _on(window: WeeklyWindow, day: date) -> tuple[datetime, datetime]:
    ends_today = window.end is not None and window.end > window.start
    end = datetime.combine(day if ends_today else day + _DAY, window.end or time.min)
    return datetime.combine(day, window.start), end


def opening(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment (UTC) a window opens: the first of two where the clock shows the time twice.

    A time that the clock skips is the moment of the skip.
    """
    return _skip(wall, zone) or wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def closing(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment (UTC) a window closes: the second of two where the clock shows the time twice.

    A time that the clock skips is the moment of the skip.
    """
    return _skip(wall, zone) or wall.replace(tzinfo=zone, fold=1).astimezone(UTC)


def _skip(wall: datetime, zone: ZoneInfo) -> datetime | None:
    """When the clock skipped a wall-clock time (UTC), None if it shows it."""
    late = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None) == wall:
        return None
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    before = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        middle = middle.replace(microsecond=0)
        if middle <= early:
            break
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late
