"""Hold: a release that is barred from the environment, by version or by digest, does not enter."""

from idp.environments.chain import Environment
from idp.releases.gates.answers import errored, failed, passed
from idp.releases.gates.model import GateResult, PromotionFacts, Unreadable
from idp.releases.hold_mark import barring

NAME = "hold"


def hold(environment: Environment, facts: PromotionFacts) -> GateResult:
    if isinstance(facts.holds, Unreadable):
        return errored(NAME, "The holds", facts.holds)
    found = barring(facts.holds, environment.name, facts.service, facts.release)
    if found is None:
        return passed(NAME, f"{facts.release.version} is not held from {environment.name}.")
    what = found.version if found.version == facts.release.version else f"{found.version}, the same image"
    return failed(
        NAME,
        f"{what} is held from {environment.name} by {found.by} since {found.at:%Y-%m-%d}: "
        f"{found.reason or 'no reason was given'}. `idp hold --lift` ends it.",
    )
