"""Addresses of other repositories: which ones Git is ever given, and how they are shown."""

import re
from urllib.parse import urlsplit

from idp.core.errors import UserError

PROTOCOLS = "https:http:ssh:file"
"""What Git may speak with a service's repository (`GIT_ALLOW_PROTOCOL`): no `ext`, no remote helper."""
_SCHEMES = frozenset({"https", "http", "ssh", "file"})
_SCP_LIKE = re.compile(r"(?:[A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:[^:\-].*")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")


def validate_repository(name: str, address: str) -> None:
    """Raise a UserError unless an address is an absolute path or a URL that Git only ever takes for one.

    Options (`-u …`), remote helpers (`ext::…`) and relative paths never reach Git.
    """
    is_url = _is_url(address) if "://" in address else _SCP_LIKE.fullmatch(address) is not None
    is_path = address.startswith("/")
    printable = _UNPRINTABLE.search(address.replace(" ", "") if is_path else address) is None
    if printable and (is_path or is_url):
        return
    raise UserError(
        "repository-address-invalid",
        f"The repository of {ascii(name)[1:-1][:60]}, {shown_address(address)!a}, is neither a Git URL nor an "
        "absolute path.",
        "Write https://host/owner/name.git, git@host:owner/name.git or /an/absolute/path in its catalog entry.",
    )


def _is_url(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme == "file":
        return not parts.netloc and parts.path.startswith("/")
    user, _, host = parts.netloc.rpartition("@")
    return parts.scheme in _SCHEMES and bool(host) and not host.startswith("-") and not user.startswith("-")


def is_local(address: str) -> bool:
    """Whether a valid address is a path on this machine."""
    return address.startswith("/")


def shown_address(address: str) -> str:
    """An address for messages: without credentials, not endless."""
    return re.sub(r"//[^/@]*@", "//", address)[:200]
