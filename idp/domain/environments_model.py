"""What each key of `environments.yaml` may hold; the reference page and the JSON Schema are made from these."""

import re
from datetime import datetime, time, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from idp.domain.environment_name import name_fault
from idp.domain.freeze_window import SingleWindow, WeeklyWindow, Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DURATION = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MOMENT = re.compile(r"(20[0-9]{2}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})")
_MIDNIGHT = "24:00"
_LONGEST_SOAK = timedelta(days=365)


def _name(value: object) -> str:
    fault = name_fault(value) if isinstance(value, str) else "an environment's name is text: put it in quotes"
    if fault:
        raise ValueError(fault)
    return str(value)


def _duration(value: object) -> timedelta:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    days, hours, minutes, seconds = (int(part or 0) for part in (match.groups() if match else (0, 0, 0, 0)))
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < span <= _LONGEST_SOAK:
        raise ValueError("write a duration such as 1h30m, 45m or 2d, of a year at most")
    return span


def _zone(value: object) -> str:
    try:
        return ZoneInfo(value).key if isinstance(value, str) and value else _no_zone()
    except (LookupError, ValueError, OSError):
        return _no_zone()


def _no_zone() -> str:
    raise ValueError("write a time zone's IANA name such as Europe/Berlin or UTC")


def _checks(value: object) -> Literal["all"] | tuple[str, ...]:
    if value == "all":
        return "all"
    if not isinstance(value, list) or not value or not all(_is_text(name) for name in value):
        raise ValueError("write all, or a list of the names of checks")
    return tuple(dict.fromkeys(value))


def _verified_in(value: object) -> bool | str:
    if isinstance(value, bool | str):
        return value
    raise ValueError("write true for the environment before this one, or the name of an earlier one")


def _empty(value: object) -> object:
    """A key whose lines are all commented out holds nothing, like one that is left out."""
    return {} if value is None else value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 300 and value.isprintable() and value == value.strip()  # noqa: PLR2004


def _text(value: object) -> str:
    if not _is_text(value):
        raise ValueError("write one printable line of text, 300 characters at most")
    return str(value)


Text = Annotated[str, BeforeValidator(_text)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class WindowModel(_Strict):
    """A freeze window: weekly with `days`, or once with `from` and `to` as dates with times."""

    reason: Text = Field(description="Why nothing is promoted then; it is shown to who wants to.")
    time_zone: Annotated[str, BeforeValidator(_zone)] = Field(
        description="The IANA time zone of the times, `Europe/Berlin` for example."
    )
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] | None = Field(
        None,
        min_length=1,
        description="On which days a weekly window begins; left out for a window that comes once.",
    )
    start: str = Field(
        "00:00", alias="from", description="Weekly: `HH:MM`. Once: `2026-12-23T18:00`. Included."
    )
    end: str = Field(
        _MIDNIGHT,
        alias="to",
        description="As `from`, not included; `24:00` ends the day. Weekly, at or before `from`: the next day's.",
    )

    @model_validator(mode="after")
    def _is_a_window(self) -> Self:
        window_of(self)
        return self


def window_of(model: WindowModel) -> Window:
    """The window that a model describes.

    Raises:
        ValueError: its times are none.
    """
    if model.days is None:
        start, end = _moment("from", model.start), _moment("to", model.end)
        if start >= end:
            raise ValueError("`to` must be later than `from`")
        return SingleWindow(start, end, model.time_zone, model.reason)
    start_time = _time("from", model.start)
    end_time = None if model.end == _MIDNIGHT else _time("to", model.end)
    if start_time == end_time:
        raise ValueError("`from` and `to` are the same; a whole day is from 00:00 to 24:00")
    days = frozenset(DAYS.index(day) for day in model.days)
    return WeeklyWindow(days, start_time, end_time, model.time_zone, model.reason)


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


class ProvenanceModel(_Strict):
    """Who may have built an image."""

    required: bool = Field(True, description="It must be known who built the image.")
    builder: Text | None = Field(
        None,
        description="By whom it must have been built; `*` stands for any text: `https://github.com/acme/*`.",
    )


class ApprovalsModel(_Strict):
    """Who has to approve."""

    count: int = Field(1, ge=1, le=10, description="How many people other than the author.")
    reviewers: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        (),
        description="The only ones that count: logins, or e-mail addresses on a local forge. Empty: anybody.",
    )

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.reviewers and len({name.casefold() for name in self.reviewers}) < self.count:
            raise ValueError("there are fewer `reviewers` than `count`, so it could never pass")
        return self


class GatesModel(_Strict):
    """The gates before an environment; a gate that is left out is open. `hold` is always on."""

    checks: Annotated[
        Any,
        BeforeValidator(_checks),
        WithJsonSchema(
            {"anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
        ),
    ] = Field(
        None,
        description="`all`: every recorded check passed, at least one is; or the names of those that must have.",
    )
    verified_in: Annotated[
        Any, BeforeValidator(_verified_in), WithJsonSchema({"type": ["boolean", "string"]})
    ] = Field(
        None,
        description="`true`: the same image was good in the environment before; or an earlier one's name.",
    )
    soak: Annotated[
        Any, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": "^([0-9]+[dhms])+$"})
    ] = Field(None, description="How long it must have been good there: `1h30m`, `2d`.")
    freeze: list[WindowModel] = Field([], description="Windows of time in which nothing is promoted.")
    provenance: ProvenanceModel | None = Field(None, description="It must be known who built the image.")
    approvals: ApprovalsModel | None = Field(None, description="People have to approve the pull request.")


class SmokeModel(_Strict):
    """The request after a deployment."""

    path: str = Field(
        pattern=r"^/([!-.0-~][!-~]{0,499})?$", description="Asked for with GET, `/items` for example."
    )
    status: int = Field(200, ge=100, le=599, description="What it has to answer.")


class EnvironmentModel(_Strict):
    """One environment."""

    name: Annotated[str, BeforeValidator(_name)] = Field(
        description="A DNS label of up to 40 characters; not base, components, compose, catalog or releases."
    )
    target: Literal["compose", "kubernetes"] = Field("compose", description="What `idp deploy` deploys to.")
    context: Text | None = Field(None, description="The kubectl context of a Kubernetes target.")
    smoke: SmokeModel | None = Field(None, description="A request that each deployment has to answer.")
    gates: Annotated[GatesModel, BeforeValidator(_empty)] = Field(
        GatesModel(), description="What must be so before a release enters."
    )


class ChainModel(_Strict):
    """The chain of environments and the gates before each."""

    schema_version: Literal[1] = Field(1, description="The version of this format.")
    environments: list[EnvironmentModel] = Field(
        min_length=1, max_length=20, description="In the order that a release passes through them."
    )


MODELS: dict[str, type[BaseModel]] = {
    "environments": EnvironmentModel,
    "gates": GatesModel,
    "freeze": WindowModel,
    "provenance": ProvenanceModel,
    "approvals": ApprovalsModel,
    "smoke": SmokeModel,
}
"""The model of what stands under a key; ChainModel is the whole file's."""
