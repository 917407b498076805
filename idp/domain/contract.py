"""What was observed of a running service, from outside."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Observations:
    """Placeholder."""
