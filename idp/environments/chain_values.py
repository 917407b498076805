"""The scalars of `environments.yaml`: how each is written, what it means; a ValueError says what else to write."""

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from idp.core.names import environment_fault
from idp.environments.freeze_window import SingleWindow, WeeklyWindow, Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DURATION = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MOMENT = re.compile(r"(20[0-9]{2}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})")
MIDNIGHT = "24:00"
_LONGEST_SOAK = timedelta(days=365)


def name(value: object) -> str:
    """An environment's name."""
    fault = (
        environment_fault(value)
        if isinstance(value, str)
        else "an environment's name is text: put it in quotes"
    )
    if fault:
        raise ValueError(fault)
    return str(value)


def duration(value: object) -> timedelta:
    """`1h30m`: days, hours, minutes, seconds in that order."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    days, hours, minutes, seconds = (int(part or 0) for part in (match.groups() if match else (0, 0, 0, 0)))
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < span <= _LONGEST_SOAK:
        raise ValueError("write a duration such as 1h30m, 45m or 2d, of a year at most")
    return span


def zone(value: object) -> str:
    """An IANA time zone that is known here."""
    try:
        return ZoneInfo(value).key if isinstance(value, str) and value else _no_zone()
    except (LookupError, ValueError, OSError):
        return _no_zone()


def _no_zone() -> str:
    raise ValueError("write a time zone's IANA name such as Europe/Berlin or UTC")


def checks(value: object) -> Literal["all"] | tuple[str, ...]:
    """`all`, or names without repetition."""
    if value == "all":
        return "all"
    if not isinstance(value, list) or not value or not all(_is_text(name) for name in value):
        raise ValueError("write all, or a list of the names of checks")
    return tuple(dict.fromkeys(value))


def verified_in(value: object) -> bool | str:
    """Whether in the environment before, or in which."""
    if isinstance(value, bool | str):
        return value
    raise ValueError("write true for the environment before this one, or the name of an earlier one")


def no_gates(value: object) -> object:
    """A key whose lines are all commented out holds nothing, like one that is left out."""
    return {} if value is None else value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 300 and value.isprintable() and value == value.strip()  # noqa: PLR2004


def text(value: object) -> str:
    """One printable line."""
    if not _is_text(value):
        raise ValueError("write one printable line of text, 300 characters at most")
    return str(value)


def window(days: Sequence[str] | None, start: str, end: str, zone: str, reason: str) -> Window:
    """The window that is meant: weekly with `days`, else one that comes once.

    Raises:
        ValueError: its times are none.
    """
    if days is None:
        first, over = _moment("from", start), _moment("to", end)
        if first >= over:
            raise ValueError("`to` must be later than `from`")
        return SingleWindow(first, over, zone, reason)
    start_time = _time("from", start)
    end_time = None if end == MIDNIGHT else _time("to", end)
    if start_time == end_time:
        raise ValueError("`from` and `to` are the same; a whole day is from 00:00 to 24:00")
    weekdays = frozenset(DAYS.index(day) for day in days)
    return WeeklyWindow(weekdays, start_time, end_time, zone, reason)


def _time(key: str, text: str) -> time:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"`{key}` of a weekly window is a time such as 16:00")
    return time(int(match[1]), int(match[2]))


def _moment(key: str, text: str) -> datetime:
    match = _MOMENT.fullmatch(text)
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}") if match else _no_moment(key)
    except ValueError:
        return _no_moment(key)


def _no_moment(key: str) -> datetime:
    raise ValueError(
        f"`{key}` of a window without `days` is a date with a time such as 2026-12-23T18:00; a weekly one needs `days`"
    )
