"""Observe a running service from outside: over HTTP, by its output and by signals."""

from idp.adapters.probe.limits import ProbeLimits
from idp.adapters.probe.observe import observe

__all__ = ["ProbeLimits", "observe"]
