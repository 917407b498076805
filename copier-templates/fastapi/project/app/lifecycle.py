"""What stage of its life the process is in."""

from dataclasses import dataclass


@dataclass(slots=True)
class Lifecycle:
    """Shared by the server, which starts the drain, and by those who act differently during it."""

    draining: bool = False
