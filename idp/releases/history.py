"""`idp history`: who moved what when, and the DORA figures, from Git alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from idp.core.errors import UsageError
from idp.core.names import validate_service
from idp.environments import repository
from idp.environments.repository import Environments
from idp.releases import facts as promotion_facts
from idp.releases.delivery_figures import DeliveryFigures, delivery_figures
from idp.releases.good_mark import GoodMark
from idp.releases.history_model import Move, moves
from idp.releases.hold_mark import Hold
from idp.releases.pin_history import pin_commits
from idp.releases.promote import find_place
from idp.releases.record import ReleaseRecord

_SPAN = re.compile(r"([1-9][0-9]{0,4})([dw])")


@dataclass(frozen=True)
class History:
    """What happened.

    Attributes:
        moves: newest first.
        figures: of each environment that was asked for, in the chain's order.
        since: the beginning of what was looked at; None for everything.
    """

    service: str | None
    environment: str | None
    since: datetime | None
    moves: Sequence[Move]
    figures: Sequence[DeliveryFigures]


def history(
    service: str | None = None,
    *,
    environment: str | None = None,
    since: str | None = None,
    platform: str | None = None,
) -> History:
    """Every move of a release pin on the branch, and how delivery goes.

    Args:
        service: only this one's.
        environment: only there.
        since: a day (2026-11-01), a time with a zone, or a span back from now (30d, 8w).
        platform: URL or path of the platform; None looks for it.

    Raises:
        UsageError: a name or a time is none.
        UserError: the clone lacks history.
        AdapterError: the repository cannot be read.
    """
    start = _since(since, datetime.now(UTC))
    environments = find_place(platform).environments
    tip = repository.tip(environments)
    chain = promotion_facts.chain(environments, tip)
    names = [chain.get(environment).name] if environment else list(chain.names)
    found = moves(pin_commits(environments, tip, validate_service(service) if service else None))
    services = sorted({move.service for move in found})
    marks = promotion_facts.marks(environments, chain.names, services)
    good = [mark for one in marks.values() for mark in one.good]
    holds = [hold for one in marks.values() for hold in one.holds if isinstance(hold, Hold)]
    records = _records(environments, tip, good)
    figures = [
        delivery_figures(
            name, found, marks=good, holds=holds, records=records, until=datetime.now(UTC), since=start
        )
        for name in names
    ]
    shown = [move for move in found if move.environment in names and (start is None or move.at >= start)]
    return History(service, environment, start, shown[::-1], figures)


def _records(
    environments: Environments, commit: str, good: Sequence[GoodMark]
) -> dict[tuple[str, str], ReleaseRecord]:
    """Those of the releases with a good mark; one that cannot be read gives no lead time."""
    wanted = sorted({(mark.service, mark.version) for mark in good})
    return promotion_facts.readable_records(environments, commit, wanted)


def _since(text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    if span := _SPAN.fullmatch(text):
        return now - timedelta(days=int(span[1]) * (7 if span[2] == "w" else 1))
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            "usage", f"--since {text[:40]!a} is no time.", "Write 2026-11-01, 30d or 8w."
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
