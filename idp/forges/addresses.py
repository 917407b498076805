"""Repository addresses as Git takes them, and which forge one belongs to."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from idp.core.errors import UserError

_SCP_LIKE = re.compile(r"(?:[^@/:]+@)?(?P<host>[^/:@]+):(?P<path>(?!//).*)")
_SCHEMES = frozenset({"https", "http", "ssh", "git+ssh", "git+https"})
_SHORTHAND = "gh"
"""Copier's `gh:owner/name`."""
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_ALIASES = {"ssh.github.com": "github.com", "www.github.com": "github.com", _SHORTHAND: "github.com"}


@dataclass(frozen=True)
class HostedRepository:
    """`owner/name` on a host; credentials and the port of the address are left behind."""

    host: str
    owner: str
    name: str

    @property
    def slug(self) -> str:
        return f"{self.owner}/{self.name}"

    def __str__(self) -> str:
        return f"{self.host}/{self.slug}"


def local_path(repository: str) -> Path | None:
    """The folder that an address names: a `file://` URL or a path; None for one on a host."""
    if repository.lower().startswith("file://"):
        from urllib.request import url2pathname  # brings an HTTP client along

        return Path(url2pathname(urlsplit(repository).path))
    if "://" in repository or (_SCP_LIKE.fullmatch(repository) and not Path(repository).exists()):
        return None
    return Path(repository)


def hosted(repository: str) -> HostedRepository:
    """Parse `https://host/owner/name(.git)`, `ssh://…`, `git@host:owner/name` or Copier's `gh:owner/name`.

    Raises:
        UserError: it is nothing of the kind; the message never repeats credentials of the address.
    """
    host, path = _split(repository)
    owner, _, name = path.strip("/").removesuffix(".git").partition("/")
    if not host or not _OWNER.fullmatch(owner) or not _NAME.fullmatch(name):
        raise UserError(
            "repository-address-invalid",
            f"{_without_credentials(repository)[:200]!a} is not the address of a repository on a forge.",
            "Write https://github.com/owner/name or git@github.com:owner/name.",
        )
    return HostedRepository(_ALIASES.get(host, host), owner, name)


def _split(repository: str) -> tuple[str, str]:
    """Host (lower case) and path; two empty strings if it is no such address."""
    if "://" in repository:
        try:
            parts = urlsplit(repository)
            host = (parts.hostname or "").lower()
        except ValueError:  # brackets that enclose no IPv6 address
            return "", ""
        plain = parts.scheme.lower() in _SCHEMES and not (parts.query or parts.fragment)
        return (host, parts.path) if plain else ("", "")
    found = _SCP_LIKE.fullmatch(repository)
    return (found["host"].lower(), found["path"]) if found else ("", "")


def _without_credentials(repository: str) -> str:
    return re.sub(r"(//|^)[^/@]*@", r"\1", repository)
