"""Which GitHub, and who asks: read from the environment, once a process."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from idp.core import process
from idp.core.errors import UserError
from idp.forges.addresses import HostedRepository

GITHUB = "https://github.com"
_GUIDE = "docs/how-to/connect-github.md shows each way to give credentials."


@dataclass(frozen=True)
class GitHubSettings:
    """One GitHub server and the credentials for it, either a token or an App's.

    Attributes:
        server_url: what people open, such as https://github.com.
        api_url: the REST API's root.
        token: personal, fine-grained, or a workflow's.
        app_id: the App's identifier; its installation is looked up for each owner.
        private_key: the App's key, PEM.
        longest_wait: seconds to wait at most, in one request, for a rate limit to pass.
        write_pause: seconds between two changes; GitHub asks for one.
    """

    server_url: str = GITHUB
    api_url: str = "https://api.github.com"
    token: str = field(default="", repr=False)
    app_id: str = ""
    private_key: str = field(default="", repr=False)
    longest_wait: float = 120
    write_pause: float = 1

    @property
    def host(self) -> str:
        return urlsplit(self.server_url).hostname or ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        return tuple(filter(None, (self.token, self.private_key)))

    def refuse_other_host(self, address: HostedRepository) -> None:
        """Raise a UserError for a repository on another server: the credentials are not for it."""
        if address.host != self.host:
            raise UserError(
                "github-other-host",
                f"{address} does not lie on {self.host}; the credentials are not sent there.",
                "Set IDP_GITHUB_SERVER_URL to the server that the repository lies on.",
            )


def from_environment(environment: Mapping[str, str]) -> GitHubSettings:
    """The settings that variables and, failing that, the GitHub command line's login give.

    The server is `IDP_GITHUB_SERVER_URL` or, in a workflow, `GITHUB_SERVER_URL`; its API follows from it
    unless `IDP_GITHUB_API_URL` names it. Credentials, in this order: an App (`IDP_GITHUB_APP_ID` with
    `IDP_GITHUB_APP_PRIVATE_KEY` or `…_PRIVATE_KEY_FILE`), `IDP_GITHUB_TOKEN`, `GITHUB_TOKEN`, `gh auth
    token`.

    Raises:
        UserError: no credentials, half an App, an unreadable key, or an address without TLS.
    """
    own_server = environment.get("IDP_GITHUB_SERVER_URL")
    server = (own_server or environment.get("GITHUB_SERVER_URL") or GITHUB).rstrip("/")
    inherited_api = None if own_server else environment.get("GITHUB_API_URL")
    api = (environment.get("IDP_GITHUB_API_URL") or inherited_api or _api_of(server)).rstrip("/")
    for url in (server, api):
        _refuse_plain_http(url)
    app_id = environment.get("IDP_GITHUB_APP_ID", "")
    if app_id:
        return GitHubSettings(server, api, app_id=app_id, private_key=_private_key(environment))
    token = environment.get("IDP_GITHUB_TOKEN") or environment.get("GITHUB_TOKEN") or _login(server)
    if not token:
        raise UserError(
            "github-credentials-missing",
            f"There are no credentials for {server}.",
            f"Set IDP_GITHUB_TOKEN, or run `gh auth login`. {_GUIDE}",
        )
    return GitHubSettings(server, api, token=token.strip())


def _api_of(server: str) -> str:
    """GitHub's three arrangements: github.com, a tenant of ghe.com, a server of one's own."""
    host = (urlsplit(server).hostname or "").lower()
    if host == "github.com" or host.endswith(".ghe.com"):
        return f"https://api.{host}"
    return f"{server}/api/v3"


def _refuse_plain_http(url: str) -> None:
    parts = urlsplit(url)
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or parts.username or not (parts.scheme == "https" or loopback):
        raise UserError(
            "github-address-invalid",
            f"The GitHub address for `{parts.hostname or 'no host'}` is not one that a token may be sent to.",
            "Set IDP_GITHUB_SERVER_URL to an https:// address without a user name.",
        )


def _private_key(environment: Mapping[str, str]) -> str:
    key = environment.get("IDP_GITHUB_APP_PRIVATE_KEY")
    file = environment.get("IDP_GITHUB_APP_PRIVATE_KEY_FILE")
    if key:
        return key.replace("\\n", "\n")  # one line is all that some secret stores carry
    if not file:
        raise UserError(
            "github-app-key-missing",
            "IDP_GITHUB_APP_ID is set, but there is no private key.",
            f"Set IDP_GITHUB_APP_PRIVATE_KEY or IDP_GITHUB_APP_PRIVATE_KEY_FILE. {_GUIDE}",
        )
    try:
        return Path(file).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            "github-app-key-unreadable",
            f"The App's private key in {file} cannot be read.",
            "IDP_GITHUB_APP_PRIVATE_KEY_FILE names the .pem file that GitHub let you download.",
        ) from error


def _login(server: str) -> str:
    if shutil.which("gh") is None:
        return ""
    host = urlsplit(server).hostname or ""
    return process.run(["gh", "auth", "token", "--hostname", host], timeout=20).stdout.strip()
