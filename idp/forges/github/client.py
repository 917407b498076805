"""PyGithub clients for one GitHub server, by a token or as an App's installation."""

from typing import Any

from github import Auth, Github, GithubIntegration
from jwt.exceptions import PyJWTError

from idp.core.errors import UserError
from idp.forges.addresses import HostedRepository
from idp.forges.github.retry import BoundedRetry
from idp.forges.github.settings import GitHubSettings

_TIMEOUT = 20
"""Seconds for one answer."""


class Clients:
    """The client for each owner: an App has one installation an owner, a token serves them all.

    Its objects are lazy: nothing is asked for before it is needed, and addresses are made from the
    repository's name, not taken from an answer.
    """

    def __init__(self, settings: GitHubSettings) -> None:
        self._settings = settings
        self._known: dict[str, Github] = {}

    def of(self, repository: HostedRepository) -> Github:
        """The client that may see a repository.

        Raises:
            UserError: the App's private key is none.
            GithubException: the App is not installed there (404), or its key is not its own (401).
        """
        owner = repository.owner.lower() if self._settings.app_id else ""
        if owner not in self._known:
            self._known[owner] = Github(auth=self._authentication(repository), **self._connection())
        return self._known[owner]

    def _connection(self) -> dict[str, Any]:
        return {
            "base_url": self._settings.api_url,
            "timeout": _TIMEOUT,
            "user_agent": "idp-lite",
            "per_page": 100,
            "retry": BoundedRetry(self._settings.longest_wait),
            "seconds_between_requests": None,  # GitHub asks for a pause between changes only
            "seconds_between_writes": self._settings.write_pause,
            "lazy": True,
        }

    def _authentication(self, repository: HostedRepository) -> Auth.Auth:
        if not self._settings.app_id:
            return Auth.Token(self._settings.token)
        app = Auth.AppAuth(self._settings.app_id, self._settings.private_key)
        try:
            app.create_jwt()
        except (PyJWTError, ValueError, TypeError):
            raise UserError(
                "github-app-key-invalid",
                "The GitHub App's private key is not an RSA key in PEM form.",
                "Use the .pem file that GitHub let you download under the App's settings.",
            ) from None
        integration = GithubIntegration(auth=app, **self._connection())
        return app.get_installation_auth(
            integration.get_repo_installation(repository.owner, repository.name).id
        )
