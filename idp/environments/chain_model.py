"""What each key of `environments.yaml` may hold; the reference page and the JSON Schema are made from these."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from idp.environments import chain_values as values
from idp.environments.freeze_window import Window

Text = Annotated[str, BeforeValidator(values.text)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class WindowModel(_Strict):
    """A freeze window: weekly with `days`, or once with `from` and `to` as dates with times."""

    reason: Text = Field(description="Why nothing is promoted then; it is shown to who wants to.")
    time_zone: Annotated[str, BeforeValidator(values.zone)] = Field(
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
        values.MIDNIGHT,
        alias="to",
        description="As `from`, not included; `24:00` ends the day. Weekly, at or before `from`: the next day's.",
    )

    @model_validator(mode="after")
    def _is_a_window(self) -> Self:
        self.window()
        return self

    def window(self) -> Window:
        """The window that is meant.

        Raises:
            ValueError: its times are none.
        """
        return values.window(self.days, self.start, self.end, self.time_zone, self.reason)


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
        BeforeValidator(values.checks),
        WithJsonSchema(
            {"anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
        ),
    ] = Field(
        None,
        description="`all`: every recorded check passed, at least one is; or the names of those that must have.",
    )
    verified_in: Annotated[
        Any, BeforeValidator(values.verified_in), WithJsonSchema({"type": ["boolean", "string"]})
    ] = Field(
        None,
        description="`true`: the same image was good in the environment before; or an earlier one's name.",
    )
    soak: Annotated[
        Any,
        BeforeValidator(values.duration),
        WithJsonSchema({"type": "string", "pattern": "^([0-9]+[dhms])+$"}),
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

    name: Annotated[str, BeforeValidator(values.name)] = Field(
        description="A DNS label of up to 40 characters; not base, components, compose, catalog or releases."
    )
    target: Literal["compose", "kubernetes"] = Field("compose", description="What `idp deploy` deploys to.")
    context: Text | None = Field(None, description="The kubectl context of a Kubernetes target.")
    smoke: SmokeModel | None = Field(None, description="A request that each deployment has to answer.")
    gates: Annotated[GatesModel, BeforeValidator(values.no_gates)] = Field(
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
