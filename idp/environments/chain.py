"""The chain of environments and the gates before each of them, as `environments.yaml` says."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from idp.core.errors import UsageError
from idp.environments.target import Target

if TYPE_CHECKING:
    from idp.environments.freeze_window import Window

CHAIN_PATH = "environments/environments.yaml"
"""Where the chain is in the environments repository."""


@dataclass(frozen=True)
class Smoke:
    """The request that a deployment has to answer, beside its health checks: GET `path` → `status`."""

    path: str
    status: int = 200


@dataclass(frozen=True)
class Approvals:
    """How many people have to approve; only these `reviewers` if any are named."""

    count: int
    reviewers: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProvenanceNeeded:
    """That it must be known who built an image; `builder`: by whom, a pattern in which * stands for any text."""

    builder: str | None = None


@dataclass(frozen=True)
class GateSettings:
    """The gates before an environment; the hold gate is always there and has no settings.

    Attributes:
        checks: `all` the recorded ones, or the names of those that must have passed.
        verified_in: the environment that must have run the same image well.
        soak: how long it must have done so, in `soak_in`.
    """

    checks: Literal["all"] | tuple[str, ...] | None = None
    verified_in: str | None = None
    soak: timedelta | None = None
    soak_in: str | None = None
    freeze: "tuple[Window, ...]" = ()
    provenance: ProvenanceNeeded | None = None
    approvals: Approvals | None = None


@dataclass(frozen=True)
class Environment:
    """One link of the chain.

    Attributes:
        context: the kubectl context that a deployment to Kubernetes uses, None for the current one.
    """

    name: str
    gates: GateSettings = field(default_factory=GateSettings)
    target: Target = Target.COMPOSE
    smoke: Smoke | None = None
    context: str | None = None


@dataclass(frozen=True)
class Chain:
    """The environments in the order that a release passes through them; at least one."""

    environments: tuple[Environment, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(environment.name for environment in self.environments)

    @property
    def first(self) -> Environment:
        """Where a new release goes."""
        return self.environments[0]

    def get(self, name: str) -> Environment:
        """The environment of a name.

        Raises:
            UsageError: there is none.
        """
        for environment in self.environments:
            if environment.name == name:
                return environment
        raise UsageError(
            "environment-unknown",
            f"There is no environment {name[:60]!a}.",
            f"The chain is {' → '.join(self.names)}; `idp env add` adds one.",
        )

    def previous(self, name: str) -> Environment | None:
        """The environment before one, None before the first.

        Raises:
            UsageError: there is no environment of that name.
        """
        position = self.environments.index(self.get(name))
        return self.environments[position - 1] if position else None


def parse_chain(content: bytes, path: str = CHAIN_PATH) -> Chain:
    """The chain that an environments.yaml describes.

    Args:
        content: the file's bytes.
        path: what errors call the file.

    Raises:
        UserError: `environments-invalid`, naming line and key of everything that is wrong.
    """
    from idp.environments.chain_file import chain_of  # pydantic takes a tenth of a second

    return chain_of(content, path)
