"""`idp status`.

Drawn by hand: a Rich table of a thousand rows takes longer than everything else that the command does.
"""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.segment import Segment, Segments
from rich.style import Style
from rich.text import Text

from idp.core.text import safe
from idp.environments.catalog import NO_TEMPLATE
from idp.fleet.status_model import FleetStatus, ServiceStatus

_FIXED = ("SERVICE", "OWNER", "TEMPLATE", "VERSION", "BEHIND", "DRIFT", "UPDATE")
_BOLD, _PLAIN, _WARNING = Style(bold=True), Style(), Style(color="yellow")
_UNKNOWN = "?"
_NONE = "-"


def view(status: FleetStatus) -> Iterator[RenderableType]:
    rows = [_row(service, status.environments) for service in status.services]
    headings = (*_FIXED, *(safe(name).upper() for name in status.environments))
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    yield Segments([Segment(_line(headings, widths), _BOLD)])
    yield Segments(
        [
            Segment(_line(row, widths), _WARNING if service.failure else _PLAIN)
            for row, service in zip(rows, status.services, strict=True)
        ]
    )
    yield Text(safe(_summary(status)))


def _row(service: ServiceStatus, environments: Sequence[str]) -> tuple[str, ...]:
    releases = service.releases or {}
    absent = _NONE if service.template == NO_TEMPLATE else _UNKNOWN
    cells = (
        service.name,
        service.owner or _NONE,
        service.template or _UNKNOWN,
        service.version or absent,
        absent if service.behind is None else str(service.behind),
        absent if service.drift is None else str(service.drift),
        service.open_update or _NONE,
        *(releases.get(name, _NONE) for name in environments),
    )
    return tuple(safe(cell).replace("\n", " ") for cell in cells)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return padded.rstrip() + "\n"


def _summary(status: FleetStatus) -> str:
    services = status.services
    counts = [
        (sum(bool(one.behind) for one in services), "behind"),
        (sum(bool(one.open_update) for one in services), "with an open update"),
        (sum(bool(one.failure) for one in services), "of which less is known"),
    ]
    said = ", ".join(f"{count} {what}" for count, what in counts if count)
    failures = [f"{one.name}: {one.failure.message}" for one in services if one.failure]
    shown = [f"\n{line}" for line in failures[:5]]
    rest = [f"\n… and {len(failures) - 5} more (--output json)"] if len(failures) > 5 else []  # noqa: PLR2004
    return f"\n{len(services)} services" + (f": {said}." if said else ".") + "".join([*shown, *rest])
