"""All standards that are proved on the running service."""

from idp.domain import (
    contract_drain,
    contract_errors,
    contract_health,
    contract_logs,
    contract_metrics,
    contract_request_id,
    contract_start,
)
from idp.domain.contract import Observations
from idp.domain.scorecard import Standard

LIVE_STANDARDS: tuple[Standard[Observations], ...] = (
    *contract_start.STANDARDS,
    *contract_health.STANDARDS,
    *contract_drain.STANDARDS,
    *contract_request_id.STANDARDS,
    *contract_logs.STANDARDS,
    *contract_metrics.STANDARDS,
    *contract_errors.STANDARDS,
)
