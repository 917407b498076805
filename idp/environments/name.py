"""An environment's name: what is allowed as a folder, a namespace, a part of a Git tag and a key."""

import re

from idp.core.errors import UsageError

CHAIN_PATH = "environments/environments.yaml"
"""Where the chain of environments stands in their repository."""
NAME_MAX_LENGTH = 40
RESERVED = frozenset({"base", "components", "compose", "catalog", "releases"})
"""Folders below `environments/` that are no environment."""
_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_NAME = re.compile(rf"[a-z](?:[a-z0-9-]{{0,{NAME_MAX_LENGTH - 2}}}[a-z0-9])?")


def validate_environment(name: str) -> str:
    """The name itself if it is a DNS-1123 label that starts with a letter, up to 40 characters, and not reserved.

    Raises:
        UsageError: it is anything else.
    """
    reason = name_fault(name)
    if reason:
        raise UsageError(
            "environment-name-invalid",
            reason,
            "Choose a name such as staging; `idp env list` shows those there are.",
        )
    return name


def name_fault(name: str) -> str:
    """Why a name is none for an environment, empty if it is one."""
    if _NAME.fullmatch(name) is None:
        return (
            f"{name[:NAME_MAX_LENGTH]!a} is not an environment's name: 1 to {NAME_MAX_LENGTH} lower-case letters, "
            "digits and hyphens, a letter first and no hyphen last."
        )
    if name in RESERVED:
        return f"`{name}` is a folder of its own below environments/, so no environment can be called that."
    if name in _YAML_WORDS:
        return (
            f"`{name}` is a word that YAML reads as a value of its own, so no environment can be called that."
        )
    return ""
