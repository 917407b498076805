"""What an environment runs on."""

from enum import StrEnum


class Target(StrEnum):
    """The engine that a deployment goes to."""

    COMPOSE = "compose"
    KUBERNETES = "kubernetes"
