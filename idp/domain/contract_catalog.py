"""All standards that are proved on the running service."""

from idp.domain.contract import Observations
from idp.domain.scorecard import Standard

LIVE_STANDARDS: tuple[Standard[Observations], ...] = ()
