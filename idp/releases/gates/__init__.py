"""The gates, one module each: a pure function of an environment's settings and of what is known."""

from collections.abc import Callable, Iterator

from idp.environments.chain import Environment
from idp.releases.gates.hold import hold
from idp.releases.gates.model import GateResult, PromotionFacts

Gate = Callable[[Environment, PromotionFacts], GateResult]


def evaluate(environment: Environment, facts: PromotionFacts) -> tuple[GateResult, ...]:
    """What each of the environment's gates says, always in the same order; the hold gate is always there.

    Raises:
        ValueError: the facts are another environment's.
    """
    if facts.environment != environment.name:
        raise ValueError(f"facts of {facts.environment} cannot open the gates of {environment.name}")
    return tuple(gate(environment, facts) for gate in _applicable(environment))


def _applicable(environment: Environment) -> Iterator[Gate]:
    """A gate is loaded where it stands: a rollback, which cannot wait, meets no other than the hold gate."""
    settings = environment.gates
    yield hold
    if settings.checks is not None:
        from idp.releases.gates.checks import checks

        yield checks
    if settings.verified_in is not None:
        from idp.releases.gates.verified_in import verified_in

        yield verified_in
    if settings.soak is not None:
        from idp.releases.gates.soak import soak

        yield soak
    if settings.freeze:
        from idp.releases.gates.freeze import freeze

        yield freeze
    if settings.provenance is not None:
        from idp.releases.gates.provenance import provenance

        yield provenance
    if settings.approvals is not None:
        from idp.releases.gates.approvals import approvals

        yield approvals
