"""The four DORA figures of an environment, from the facts of its history; docs/reference/history.md defines them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from idp.environments.pin import Pin
from idp.releases.good_mark import GoodMark
from idp.releases.history_model import Move, MoveKind
from idp.releases.hold_mark import Hold
from idp.releases.record import ReleaseRecord

_SHORTEST = timedelta(days=1)
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class DeliveryFigures:
    """How delivery to an environment goes; a figure that the facts do not give is None.

    Attributes:
        since, until: the time looked at.
        deployments: how many releases came in; per_week: how many a week, None for less than a day.
        lead_time: median of the time from the image's build to its good mark here.
        lead_times: of how many releases it is the median.
        failures: how many deployments were held or rolled back afterwards.
        failure_rate: failures of deployments, 0 to 1.
        time_to_restore: median of the time from a failed deployment to the next pin that did not fail.
        unrestored: how many failures have no such pin yet.
    """

    environment: str
    since: datetime | None
    until: datetime
    deployments: int
    per_week: float | None
    lead_time: timedelta | None
    lead_times: int
    failures: int
    failure_rate: float | None
    time_to_restore: timedelta | None
    unrestored: int


@dataclass(frozen=True)
class Arrival:
    """A release that came in; `restored_after`: how long a failed one stayed, None if no other has followed."""

    move: Move
    failed: bool
    restored_after: timedelta | None


def delivery_figures(
    environment: str,
    moves: Iterable[Move],
    *,
    marks: Iterable[GoodMark],
    holds: Iterable[Hold],
    records: Mapping[tuple[str, str], ReleaseRecord],
    until: datetime,
    since: datetime | None = None,
) -> DeliveryFigures:
    """The figures of one environment, over the services whose facts are given.

    Args:
        environment: usually the chain's last.
        moves: oldest first, as Git orders commits; those of other environments count for nothing.
        marks: good marks.
        holds: every hold there ever was, lifted ones too: lifting does not undo that a deployment failed.
        records: (service, version) → release record.
        until: the end of the time looked at, usually now.
        since: its beginning; None for the first move.
    """
    here = [move for move in moves if move.environment == environment and move.at <= until]
    start = since or min((move.at for move in here), default=until)
    came_in = [one for one in arrivals(here, holds) if one.move.at >= start]
    failures = [one for one in came_in if one.failed]
    restored = [one.restored_after for one in failures if one.restored_after is not None]
    leads = list(_lead_times(environment, marks, records, start, until))
    return DeliveryFigures(
        environment,
        start if here or since else None,
        until,
        len(came_in),
        len(came_in) / ((until - start) / _WEEK) if until - start >= _SHORTEST else None,
        _median(leads),
        len(leads),
        len(failures),
        len(failures) / len(came_in) if came_in else None,
        _median(restored),
        len(failures) - len(restored),
    )


def arrivals(moves: Iterable[Move], holds: Iterable[Hold]) -> list[Arrival]:
    """The releases that came into one environment, and how each went.

    Args:
        moves: the environment's, oldest first.
        holds: every hold there ever was in it.
    """
    of_service, held = defaultdict(list), defaultdict(list)
    for move in moves:
        of_service[move.service].append(move)
    for hold in holds:
        held[hold.environment, hold.service].append(hold)
    return [
        arrival
        for service, own in of_service.items()
        for arrival in _of_service(own, held[own[0].environment, service])
    ]


def _of_service(moves: Sequence[Move], holds: Sequence[Hold]) -> list[Arrival]:
    back = _ways_back(moves)
    came_in = [
        position
        for position, move in enumerate(moves)
        if move.after and position not in back and not (move.before and _same(move.before, move.after))
    ]
    failed = set()
    for position in back:
        left = moves[position].before
        failed |= _latest(one for one in came_in if one < position and left and _same(moves[one].after, left))
    for hold in holds:
        failed |= _latest(
            one for one in came_in if moves[one].at <= hold.at and _bars(hold, moves[one].after)
        )
    return [Arrival(moves[one], one in failed, _restored(one, moves, failed)) for one in came_in]


def _ways_back(moves: Sequence[Move]) -> set[int]:
    """Rollbacks, and edits by hand that put back what the move before them replaced, as `git revert` does."""
    return {position for position, move in enumerate(moves) if move.kind is MoveKind.ROLLBACK} | {
        position
        for position, (earlier, later) in enumerate(pairwise(moves), start=1)
        if later.kind is MoveKind.EDIT and later.after is not None and later.after == earlier.before
    }


def _restored(failure: int, moves: Sequence[Move], failed: set[int]) -> timedelta | None:
    if failure not in failed:
        return None
    for position in range(failure + 1, len(moves)):
        if moves[position].after is not None and position not in failed:
            return max(moves[position].at - moves[failure].at, timedelta(0))
    return None


def _lead_times(
    environment: str,
    marks: Iterable[GoodMark],
    records: Mapping[tuple[str, str], ReleaseRecord],
    since: datetime,
    until: datetime,
) -> Iterable[timedelta]:
    for mark in marks:
        record = records.get((mark.service, mark.version))
        if record is None or mark.environment != environment or mark.at is None:
            continue
        if not since <= mark.at <= until:
            continue
        if record.digest == mark.digest and record.built_at <= mark.at:
            yield mark.at - record.built_at


def _latest(positions: Iterable[int]) -> set[int]:
    found = list(positions)
    return {found[-1]} if found else set()


def _bars(hold: Hold, pin: Pin | None) -> bool:
    return pin is not None and (hold.version == pin.version or hold.digest == pin.digest)


def _same(one: Pin | None, other: Pin | None) -> bool:
    return one is not None and other is not None and one.digest == other.digest


def _median(spans: Sequence[timedelta]) -> timedelta | None:
    if not spans:
        return None
    ordered, middle = sorted(spans), len(spans) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
