"""Reads a repository's settings from GitHub's API; changes nothing."""

import base64
import os
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote

from github import GithubException
from github.GithubException import RateLimitExceededException

from idp.core.errors import IdpError
from idp.doctor.github_protection import classic_protection, ruleset_protection, ruleset_targets
from idp.doctor.github_settings import (
    Codeowners,
    DeploymentEnvironment,
    Protection,
    RefFacts,
    RepositorySettings,
    Unread,
    WorkflowToken,
)
from idp.environments.chain import parse_chain
from idp.forges.addresses import HostedRepository, hosted
from idp.forges.github.client import Clients
from idp.forges.github.errors import explained, said
from idp.forges.github.settings import GitHubSettings, from_environment

T = TypeVar("T")
_PAGE = 100
_CODEOWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
_CHAIN = "environments/environments.yaml"
_HOLD = "prod/shop/1.0.0/1"
_TAGS = {"good/": "prod/shop/1.0.0", "hold/": _HOLD, "lifted/": _HOLD}
"""Names as deployments and holds make them: a pattern that reaches less far protects nothing."""
_CALLS_BRANCH = "v1"
"""What services call the shared workflows by."""


def read_settings(repository: str, settings: GitHubSettings | None = None) -> RepositorySettings:
    """Everything that is judged, from one repository.

    Args:
        repository: an address, or `OWNER/NAME` on the GitHub that is set up.
        settings: the GitHub server and its credentials; None reads them from the environment.

    Raises:
        UserError: no address, another host, or no credentials.
        AdapterError: the repository cannot be seen, or GitHub not be reached.
    """
    known = settings or from_environment(os.environ)
    short = repository.count("/") == 1 and ":" not in repository
    address = hosted(f"{known.server_url}/{repository}" if short else repository)
    known.refuse_other_host(address)
    with explained(address, known.secrets):
        return _Reader(address, known).settings()


class _Reader:
    """The requests for one repository."""

    def __init__(self, address: HostedRepository, settings: GitHubSettings) -> None:
        self._address = address
        self._requester = Clients(settings).of(address).requester
        self._branch = str(self._get("")["default_branch"])

    def settings(self) -> RepositorySettings:
        chain = _tried(self._chain)
        branches = [self._branch]
        if chain != () and self._found(f"/branches/{_CALLS_BRANCH}") is not None:
            branches.append(_CALLS_BRANCH)
        rulesets = _tried(self._rulesets)
        return RepositorySettings(
            repository=str(self._address),
            default_branch=self._branch,
            chain=chain,
            branches=tuple(
                RefFacts(name, (self._matching(rulesets, f"refs/heads/{name}"), self._classic(name)))
                for name in dict.fromkeys(branches)
            ),
            tags=tuple(
                RefFacts(prefix, (self._matching(rulesets, f"refs/tags/{prefix}{rest}"),))
                for prefix, rest in _TAGS.items()
            ),
            codeowners=_tried(self._codeowners),
            token=_tried(self._token),
            environments=_tried(self._environments),
        )

    def _get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        # Addresses are made here, never taken from an answer; PyGithub has no functions for most of these.
        return self._requester.requestJsonAndCheck("GET", f"/repos/{self._address.slug}{path}")[1]

    def _found(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """The answer, None for 404."""
        try:
            return self._get(path)
        except GithubException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _pages(self, path: str, key: str = "", query: str = "") -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []
        for number in range(1, 100):
            page = self._get(f"{path}?{query}per_page={_PAGE}&page={number}")
            part = page[key] if key else page
            entries += part
            if len(part) < _PAGE:
                break
        return entries

    def _file(self, path: str) -> bytes | None:
        # The slash goes encoded, as GitHub's own client sends it: the path is one parameter.
        body = self._found(f"/contents/{quote(path, safe='')}?ref={quote(self._branch, safe='')}")
        return base64.b64decode(body["content"]) if isinstance(body, dict) and "content" in body else None

    def _chain(self) -> tuple[str, ...] | Unread:
        content = self._file(_CHAIN)
        try:
            return tuple(parse_chain(content).names) if content is not None else ()
        except IdpError as error:
            return Unread(error.message)

    def _rulesets(self) -> list[dict[str, Any]]:
        listed = self._pages("/rulesets", query="includes_parents=true&")
        return [
            self._get(f"/rulesets/{int(entry['id'])}?includes_parents=true")
            for entry in listed
            if entry["enforcement"] == "active" and entry.get("target") != "push"
        ]

    def _matching(self, rulesets: list[dict[str, Any]] | Unread, ref: str) -> tuple[Protection, ...] | Unread:
        if isinstance(rulesets, Unread):
            return rulesets
        return tuple(ruleset_protection(it) for it in rulesets if ruleset_targets(it, ref, self._branch))

    def _classic(self, branch: str) -> tuple[Protection, ...] | Unread:
        try:
            return (classic_protection(self._get(f"/branches/{quote(branch, safe='')}/protection")),)
        except GithubException as error:
            if error.status == HTTPStatus.NOT_FOUND and "not protected" in said(error).lower():
                return ()
            return _refused(error)

    def _codeowners(self) -> Codeowners | None:
        for path in _CODEOWNERS:
            content = self._file(path)
            if content is not None:
                errors = self._get(f"/codeowners/errors?ref={quote(self._branch, safe='')}")["errors"]
                return Codeowners(content.decode("utf-8", errors="replace"), len(errors))
        return None

    def _token(self) -> WorkflowToken:
        body = self._get("/actions/permissions/workflow")
        return WorkflowToken(
            writes=body["default_workflow_permissions"] != "read",
            approves=bool(body["can_approve_pull_request_reviews"]),
        )

    def _environments(self) -> tuple[DeploymentEnvironment, ...]:
        return tuple(
            DeploymentEnvironment(str(it["name"]), _tried(partial(self._deployment_branches, it)))
            for it in self._pages("/environments", "environments")
        )

    def _deployment_branches(self, environment: dict[str, Any]) -> tuple[str, ...] | None:
        policy = environment.get("deployment_branch_policy")
        if not policy:
            return None
        if not policy["custom_branch_policies"]:
            return ("all protected branches",)
        path = f"/environments/{quote(environment['name'], safe='')}/deployment-branch-policies"
        return tuple(sorted(str(it["name"]) for it in self._pages(path, "branch_policies")))


def _tried(read: Callable[[], T]) -> T | Unread:
    """What a function reads, or why GitHub did not let it."""
    try:
        return read()
    except GithubException as error:
        return _refused(error)


def _refused(error: GithubException) -> Unread:
    """403 and 404 are about this one setting; anything else is about the whole and goes up."""
    closed = error.status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
    if isinstance(error, RateLimitExceededException) or not closed:
        raise error
    if "upgrade to" in said(error).lower():
        return Unread("not available on this plan", plan=True)
    return Unread("the credentials may not read it")
