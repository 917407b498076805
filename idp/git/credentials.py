"""How Git reaches a remote repository from here: by a checkout's own settings, or with the forge's token."""

import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from idp.git import run as git

_KEPT = r"^(http|credential|url|core\.sshcommand)(\.|$)"
_GITHUB = "https://github.com"


def variables(url: str, checkout: Path | None = None) -> dict[str, str]:
    """Variables that Git needs to read and write a repository. They may hold a token: never show them.

    A pipeline's checkout may keep its token in its own configuration, which a mirror would not know; or it keeps
    none, and the token is the one that `idp` has for the forge.

    Args:
        url: the repository's.
        checkout: a clone of it, whose credentials, proxies and address rewrites count here, too.
    """
    settings = [*_of_checkout(checkout), *_of_token(url, os.environ)]
    known = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    found: dict[str, str] = {}
    for number, (key, value) in enumerate(settings, known):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {**found, "GIT_CONFIG_COUNT": str(known + len(settings))} if settings else {}


def _of_checkout(checkout: Path | None) -> Sequence[tuple[str, str]]:
    if checkout is None:
        return []
    listed = git.call("config", "--null", "--get-regexp", _KEPT, cwd=checkout).stdout
    entries = (entry.partition("\n") for entry in listed.split("\0") if entry)
    return [(key, value) for key, _, value in entries]


def _of_token(url: str, environ: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Only to the GitHub that the token is for. A person's GITHUB_TOKEN is none of Git's: it has its own helper."""
    in_pipeline = environ.get("GITHUB_ACTIONS") == "true"
    token = environ.get("IDP_GITHUB_TOKEN") or (environ.get("GITHUB_TOKEN") if in_pipeline else None)
    own = environ.get("IDP_GITHUB_SERVER_URL") or (environ.get("GITHUB_SERVER_URL") if in_pipeline else None)
    server = urlsplit((own or _GITHUB).rstrip("/"))
    asked = urlsplit(url)
    if not token or asked.scheme != "https" or (server.scheme, server.netloc) != (asked.scheme, asked.netloc):
        return []
    word = b64encode(f"x-access-token:{token}".encode()).decode()
    return [(f"http.{server.scheme}://{server.netloc}/.extraheader", f"AUTHORIZATION: basic {word}")]
