"""How a live rule is written down: its words beside the function that judges it."""

from collections.abc import Callable, Sequence

from idp.core.http import Exchange
from idp.standards.live.observation import Observations
from idp.standards.scorecard import ContractPoint, Rule, Severity, Standard, Verdict, not_checked

Judge = Callable[[Observations], Verdict]
REQUEST_ID_HEADER = "x-request-id"


def live_rule(
    rule_id: str,
    title: str,
    *,
    point: ContractPoint,
    reason: str,
    fix: str,
    severity: Severity = Severity.ERROR,
    routes: Sequence[str] = (),
    needs_start: bool = True,
    needs_output: bool = False,
) -> Callable[[Judge], Standard[Observations]]:
    """Decorator: the function becomes a standard judged on what was observed.

    It is judged only where the service listened (unless `needs_start` is false), the `routes` of the contract
    probe that it needs answered, and (if `needs_output`) all output was read.
    """

    def define(judge: Judge) -> Standard[Observations]:
        def guarded(observations: Observations) -> Verdict:
            if needs_start and not observations.start.listening:
                return not_checked("The service did not start (START-LISTENS).")
            if needs_output and observations.output.overflow:
                return not_checked("Not all of the output was read (LOG-VOLUME).")
            missing = [route for route in routes if not observations.has_route(route)]
            if missing:
                names = ", ".join(f"/contract-probe/{route}" for route in missing)
                return not_checked(f"{names} did not answer (PROBE-ROUTES).")
            return judge(observations)

        return Standard(Rule(rule_id, title, severity, point, reason, fix, live=True), guarded)

    return define


def described(exchange: Exchange) -> str:
    """A request in words: `GET /health/live: status 200`."""
    return f"{exchange.method} {exchange.path.partition('?')[0][:100]}: {exchange.outcome}"
