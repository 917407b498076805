"""Observe a running service from outside: over HTTP, by its output and by signals."""

from idp.standards.probe.limits import ProbeLimits
from idp.standards.probe.observe import observe

__all__ = ["ProbeLimits", "observe"]
