"""`idp history`."""

from collections.abc import Iterator
from datetime import timedelta

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.output.views.layout import columns
from idp.releases.delivery_figures import DeliveryFigures
from idp.releases.history import History
from idp.releases.history_model import Move, MoveKind

_STYLE = {MoveKind.ROLLBACK: "yellow", MoveKind.EDIT: "cyan", MoveKind.REMOVE: "red"}
_MOST = 50
_HEADINGS = ("WHEN (UTC)", "SERVICE", "IN", "WHAT", "FROM", "TO", "COMMIT", "WHO AND WHY")
_FIGURES = ("ENVIRONMENT", "DEPLOYMENTS", "A WEEK", "LEAD TIME", "FAILED", "TIME TO RESTORE")


def view(found: History) -> Iterator[RenderableType]:
    if not found.moves:
        yield Text("Nothing has been moved.")
    else:
        yield columns([_row(move) for move in found.moves[:_MOST]], _HEADINGS)
        if len(found.moves) > _MOST:
            yield Text(f"… and {len(found.moves) - _MOST} more (--since, --output json)")
    since = f" since {found.since:%Y-%m-%d}" if found.since else ""
    yield Text(f"\nDelivery{since}", "bold")
    yield columns([_figures(one) for one in found.figures], _FIGURES)


def _row(move: Move) -> tuple[str | Text, ...]:
    who = move.by.partition(" <")[0]
    return (
        f"{move.at:%Y-%m-%d %H:%M}",
        move.service,
        move.environment,
        Text(move.kind.value, _STYLE.get(move.kind, "")),
        move.before.version if move.before else "-",
        move.after.version if move.after else "-",
        move.commit[:10],
        safe(f"{who}: {move.reason}" if move.reason else who),
    )


def _figures(one: DeliveryFigures) -> tuple[str, ...]:
    rate = "-" if one.failure_rate is None else f"{one.failures} ({one.failure_rate:.0%})"
    open_ones = f" ({one.unrestored} not yet)" if one.unrestored else ""
    return (
        one.environment,
        str(one.deployments),
        "-" if one.per_week is None else f"{one.per_week:.1f}",
        _span(one.lead_time),
        rate,
        _span(one.time_to_restore) + open_ones,
    )


def _span(span: timedelta | None) -> str:
    if span is None:
        return "-"
    minutes = int(span.total_seconds() // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min" if minutes else "< 1 min"
