"""All standards that are proved on the running service."""

from idp.standards.live import drain as contract_drain
from idp.standards.live import errors as contract_errors
from idp.standards.live import health as contract_health
from idp.standards.live import logs as contract_logs
from idp.standards.live import metrics as contract_metrics
from idp.standards.live import request_id as contract_request_id
from idp.standards.live import start as contract_start
from idp.standards.live.observation import Observations
from idp.standards.scorecard import Standard

LIVE_STANDARDS: tuple[Standard[Observations], ...] = (
    *contract_start.STANDARDS,
    *contract_health.STANDARDS,
    *contract_drain.STANDARDS,
    *contract_request_id.STANDARDS,
    *contract_logs.STANDARDS,
    *contract_metrics.STANDARDS,
    *contract_errors.STANDARDS,
)
