"""Which forge an address belongs to, and which credentials go where."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.core.errors import UserError
from idp.forges import forge_for
from idp.forges.addresses import hosted, local_path
from idp.forges.github.forge import GitHubForge
from idp.forges.github.settings import GitHubSettings, from_environment
from idp.forges.local.forge import LocalForge

SAME = [
    "https://github.com/acme/user-profile",
    "https://github.com/acme/user-profile.git/",
    "https://someone:ghp_secret@github.com/acme/user-profile.git",
    "https://GitHub.com/acme/user-profile",
    "ssh://git@github.com/acme/user-profile.git",
    "ssh://git@ssh.github.com:443/acme/user-profile.git",
    "git+ssh://git@github.com/acme/user-profile",
    "git@github.com:acme/user-profile.git",
    "github.com:acme/user-profile",
    "gh:acme/user-profile",
]


@pytest.mark.parametrize("address", SAME)
def test_every_way_to_write_an_address_names_the_same_repository(address: str) -> None:
    assert str(hosted(address)) == "github.com/acme/user-profile"


WRONG = [
    "https://ghp_secret@github.com/acme",
    "https://github.com/acme/a/b",
    "https://github.com/acme/..",
    "https://github.com/acme/a?x=1/../b c",
    "https://github.com/-x/a",
    "https://user:ghp_secret@/acme/a",
    "ftp://ghp_secret@github.com/acme/a",
    "https://[github.com/acme/a",
    "gh:acme",
    "ghp_secret@github.com:acme/a/b",
    "",
]


@pytest.mark.parametrize("address", WRONG)
def test_anything_else_is_refused_without_its_credentials(address: str) -> None:
    with pytest.raises(UserError) as caught:
        hosted(address)
    assert "ghp_secret" not in f"{caught.value.message}{caught.value.hint}"


@given(st.text(st.sampled_from("ab:/@.-?#[]%~\\ \n\x00é"), max_size=30))
def test_any_text_is_an_address_of_safe_parts_a_path_or_refused(text: str) -> None:
    try:
        found = hosted(text)
    except UserError:
        return
    assert not set(f"{found.owner}{found.name}") & set("/:@?#[]%~\\ \n\x00é")
    assert found.name not in (".", "..")


def test_paths_and_file_urls_are_local(tmp_path: Path) -> None:
    odd = tmp_path / "with space:and colon"
    odd.mkdir()
    assert local_path(str(odd)) == odd
    assert local_path(odd.as_uri()) == odd
    assert local_path("../service.git") == Path("../service.git")
    assert local_path("git@github.com:acme/a") is None
    assert isinstance(forge_for(str(tmp_path)), LocalForge)


def test_an_address_on_a_host_is_githubs_and_one_forge_serves_all_of_them() -> None:
    settings = GitHubSettings(token="x")  # noqa: S106
    first, second = forge_for(SAME[0], settings), forge_for("git@github.com:other/one", settings)
    assert isinstance(first, GitHubForge)
    assert first is second


NO_LOGIN = {"GITHUB_TOKEN": "t"}


@pytest.mark.parametrize(
    ("environment", "server", "api"),
    [
        ({}, "https://github.com", "https://api.github.com"),
        (
            {"IDP_GITHUB_SERVER_URL": "https://git.example.org/"},
            "https://git.example.org",
            "https://git.example.org/api/v3",
        ),
        (
            {"IDP_GITHUB_SERVER_URL": "https://acme.ghe.com"},
            "https://acme.ghe.com",
            "https://api.acme.ghe.com",
        ),
        (
            {"GITHUB_SERVER_URL": "https://g.example.org", "GITHUB_API_URL": "https://g.example.org/api/v3"},
            "https://g.example.org",
            "https://g.example.org/api/v3",
        ),
        (
            {"IDP_GITHUB_SERVER_URL": "https://own.example.org", "GITHUB_API_URL": "https://api.github.com"},
            "https://own.example.org",
            "https://own.example.org/api/v3",
        ),
        (
            {"IDP_GITHUB_API_URL": "http://127.0.0.1:4010"},
            "https://github.com",
            "http://127.0.0.1:4010",
        ),
    ],
)
def test_the_api_follows_from_the_server(environment: dict[str, str], server: str, api: str) -> None:
    settings = from_environment({**NO_LOGIN, **environment})
    assert (settings.server_url, settings.api_url) == (server, api)


@pytest.mark.parametrize(
    "url", ["http://github.example.org", "ftp://x", "x", "https://user:pw@git.example.org"]
)
def test_a_token_is_never_sent_in_clear(url: str) -> None:
    for name in ("IDP_GITHUB_SERVER_URL", "IDP_GITHUB_API_URL"):
        with pytest.raises(UserError) as caught:
            from_environment({**NO_LOGIN, name: url})
        assert "pw" not in caught.value.message


def test_credentials_are_taken_in_the_order_that_is_documented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "gh"
    program.write_text('#!/bin/sh\n[ "$*" = "auth token --hostname github.com" ] && echo from-gh\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    every = {"IDP_GITHUB_TOKEN": " own\n", "GITHUB_TOKEN": "workflow"}
    assert from_environment(every).token == "own"  # noqa: S105
    assert from_environment({"GITHUB_TOKEN": "workflow"}).token == "workflow"  # noqa: S105
    assert from_environment({}).token == "from-gh"  # noqa: S105
    assert from_environment({"IDP_GITHUB_APP_ID": "1", "IDP_GITHUB_APP_PRIVATE_KEY": "a\\nb", **every}) == (
        GitHubSettings(app_id="1", private_key="a\nb")
    )


def test_without_credentials_the_error_says_how_to_get_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="no credentials") as caught:
        from_environment({})
    assert "IDP_GITHUB_TOKEN" in caught.value.hint


def test_an_app_takes_its_key_from_a_file(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("PEM")
    app = {"IDP_GITHUB_APP_ID": "1"}
    assert from_environment({**app, "IDP_GITHUB_APP_PRIVATE_KEY_FILE": str(key)}).private_key == "PEM"
    for wrong in ({}, {"IDP_GITHUB_APP_PRIVATE_KEY_FILE": str(tmp_path / "none")}):
        with pytest.raises(UserError, match="key"):
            from_environment({**app, **wrong})


def test_settings_do_not_show_their_secrets() -> None:
    shown = repr(GitHubSettings(token="ghp_secret", private_key="PEM-secret"))  # noqa: S106
    assert "secret" not in shown
