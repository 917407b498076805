"""Names of services and environments: what is allowed as a folder, a namespace, a Git tag's part and a YAML key."""

import re

from idp.core.errors import UsageError

NAME_MAX_LENGTH = 40
ENVIRONMENTS_FOLDERS = frozenset({"base", "components", "compose", "catalog", "releases"})
"""Folders below `environments/` that hold no environment."""
_NAME = re.compile(rf"[a-z](?:[a-z0-9-]{{0,{NAME_MAX_LENGTH - 2}}}[a-z0-9])?")
_WINDOWS_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
)
_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_GRAMMAR = f"1 to {NAME_MAX_LENGTH} lower-case letters, digits and hyphens, a letter first and no hyphen last"


def validate_service(name: str) -> str:
    """The name itself if it is a DNS-1123 label that starts with a letter, up to 40 characters.

    Raises:
        UsageError: it is anything else, or a name that Windows reserves for devices.
    """
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            "name-invalid", f"{shortened(name)} is not a service name.", f"Use {_GRAMMAR}: user-profile."
        )
    if name in _WINDOWS_DEVICES:
        raise UsageError(
            "name-reserved", f"`{name}` is a device name on Windows.", f"Choose a name such as my-{name}."
        )
    return name


def validate_environment(name: str) -> str:
    """The name itself if it is a DNS-1123 label that starts with a letter, up to 40 characters, and not reserved.

    Raises:
        UsageError: it is anything else.
    """
    reason = environment_fault(name)
    if reason:
        raise UsageError(
            "environment-name-invalid",
            reason,
            "Choose a name such as staging; `idp env list` shows the existing ones.",
        )
    return name


def environment_fault(name: str) -> str:
    """Why a name is not allowed for an environment; empty if it is allowed."""
    if _NAME.fullmatch(name) is None:
        return f"{name[:NAME_MAX_LENGTH]!a} is not an environment's name: {_GRAMMAR}."
    if name in ENVIRONMENTS_FOLDERS:
        return f"environments/{name} has a purpose of its own, so no environment can have that name."
    if name in _YAML_WORDS:
        return f"YAML reads `{name}` as a value of its own, so no environment can have that name."
    return ""


def shortened(text: str) -> str:
    """Text of unknown origin, safe for a terminal and short."""
    return ascii(text if len(text) <= NAME_MAX_LENGTH else text[:NAME_MAX_LENGTH] + "…")
