"""Addresses of repositories: which of them somebody else can reach, and which two are the same repository."""

import re
from urllib.parse import urlsplit, urlunsplit

from idp.platform.model import looks_like_url

PLACEHOLDER = "example-org"
"""The organisation that stands in templates until a platform has one of its own."""
_SCP_LIKE = re.compile(r"(?:[^@/:\s]+@)?(?P<host>[^/:@\s]{2,}):(?P<path>(?!//)[^\s]+)")
_FOR_COPIER = ("git@", "git://", "git+", "gh:", "gl:", "https://github.com/", "https://gitlab.com/")
_SHORT = {
    "gh": "github.com",
    "gl": "gitlab.com",
    "www.github.com": "github.com",
    "ssh.github.com": "github.com",
}


def is_machine_local(address: str) -> bool:
    """Whether an address means something on one machine alone: a path, or a `file://` URL."""
    if address.lower().removeprefix("git+").startswith("file:"):
        return True
    return not looks_like_url(address) and _SCP_LIKE.fullmatch(address) is None


def expanded(source: str) -> str:
    """Copier's short forms as Git takes them."""
    for prefix, host in (("gh:", "https://github.com/"), ("gl:", "https://gitlab.com/")):
        if source.startswith(prefix):
            return f"{host}{source.removeprefix(prefix).strip('/').removesuffix('.git')}.git"
    return source.removeprefix("git+")


def without_credentials(address: str) -> str:
    """A URL without password or token. The user name of an SSH address is part of the address and stays."""
    prefix = "git+" if address.startswith("git+") else ""
    try:
        parts = urlsplit(address.removeprefix("git+"))
    except ValueError:
        return address
    user, separator, host = parts.netloc.rpartition("@")
    if not separator:
        return address
    kept = f"{user.partition(':')[0]}@" if parts.scheme == "ssh" else ""
    return prefix + urlunsplit(parts._replace(netloc=f"{kept}{host}"))


def for_copier(url: str) -> str:
    """A remote address as Copier knows it for one: it takes any other URL for a folder."""
    return url if url.endswith(".git") or url.startswith(_FOR_COPIER) else f"git+{url}"


def same_repository(one: str, other: str) -> bool:
    """Whether two addresses name one repository, whatever the protocol, the user and the spelling."""
    return _place(one) == _place(other)


def github_name(address: str) -> str | None:
    """`organisation/repository` of an address on GitHub, None for one anywhere else."""
    host, path = _place(address)
    return path if host == "github.com" and path.count("/") == 1 else None


def _place(address: str) -> tuple[str, str]:
    """Host and path; an empty host for a folder of this machine."""
    plain = address.removeprefix("git+")
    if is_machine_local(plain):
        return "", re.sub(r"^file://", "", plain, flags=re.IGNORECASE).rstrip("/")
    host, path = _split(plain)
    host = _SHORT.get(host, host)
    path = path.strip("/").removesuffix(".git")
    return host, path.lower() if host == "github.com" else path


def _split(url: str) -> tuple[str, str]:
    if "://" in url:
        try:
            parts = urlsplit(url)
            return (parts.hostname or "").lower(), parts.path
        except ValueError:
            return "", url
    found = _SCP_LIKE.fullmatch(url)
    return (found["host"].lower(), found["path"]) if found else ("", url)
