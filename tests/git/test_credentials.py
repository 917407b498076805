"""The forge's token reaches Git's requests to that forge, and no other."""

import os
from base64 import b64encode
from pathlib import Path

import pytest

from idp.git import credentials as git_access
from tests.support import git, run

BASIC = "AUTHORIZATION: basic " + b64encode(b"x-access-token:secret").decode()


def header(url: str, variables: dict[str, str]) -> str:
    """What Git would send to an address."""
    done = run("git", "config", "--get-urlmatch", "http.extraheader", url, cwd=Path("/"), env=variables)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("environ", "url", "sent"),
    [
        ({"IDP_GITHUB_TOKEN": "secret"}, "https://github.com/acme/platform.git", True),
        ({"IDP_GITHUB_TOKEN": "secret"}, "https://github.com.evil.example/acme/platform.git", False),
        ({"IDP_GITHUB_TOKEN": "secret"}, "https://gitlab.com/acme/platform.git", False),
        ({"IDP_GITHUB_TOKEN": "secret"}, "http://github.com/acme/platform.git", False),
        ({"IDP_GITHUB_TOKEN": "secret"}, "git@github.com:acme/platform.git", False),
        ({"IDP_GITHUB_TOKEN": "secret"}, "/srv/platform.git", False),
        ({"GITHUB_TOKEN": "secret"}, "https://github.com/acme/platform.git", False),
        ({"GITHUB_TOKEN": "secret", "GITHUB_ACTIONS": "true"}, "https://github.com/acme/platform.git", True),
        (
            {"IDP_GITHUB_TOKEN": "secret", "IDP_GITHUB_SERVER_URL": "https://git.acme.example"},
            "https://git.acme.example/acme/platform.git",
            True,
        ),
        (
            {"IDP_GITHUB_TOKEN": "secret", "IDP_GITHUB_SERVER_URL": "https://git.acme.example"},
            "https://github.com/acme/platform.git",
            False,
        ),
        ({}, "https://github.com/acme/platform.git", False),
    ],
)
def test_the_token_goes_to_the_server_that_it_is_for(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], url: str, sent: bool
) -> None:
    for name in [*os.environ]:
        if name.startswith(("GITHUB_", "IDP_GITHUB")):
            monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    variables = git_access.variables(url)
    assert header(url, variables) == (BASIC if sent else "")
    assert header("https://other.example/x", variables) == ""


def test_a_checkouts_own_settings_come_along_beside_those_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", "--quiet", tmp_path, cwd=tmp_path)
    git("config", "http.https://example.org/.extraheader", "mine: 1", cwd=tmp_path)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "http.https://a.example/.extraheader")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "theirs: 1")
    variables = git_access.variables("https://example.org/x", tmp_path)
    assert header("https://example.org/x", variables) == "mine: 1"
    assert header("https://a.example/x", variables) == "theirs: 1"
