"""Addresses: which are one machine's, which are the same repository, and that no secret survives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.platform.address import (
    expanded,
    for_copier,
    github_name,
    is_machine_local,
    same_repository,
    without_credentials,
)

SAME = [
    "https://github.com/acme/platform",
    "https://github.com/acme/platform.git",
    "https://me@github.com/Acme/platform/",
    "git+https://github.com/acme/platform.git",
    "git@github.com:acme/platform.git",
    "ssh://git@github.com/acme/platform",
    "ssh://git@ssh.github.com:443/acme/platform.git",
    "gh:acme/platform",
    "github.com:acme/platform",
]


@pytest.mark.parametrize("one", SAME)
def test_every_spelling_of_a_repository_is_the_same_and_nobody_elses(one: str) -> None:
    assert all(same_repository(one, other) for other in SAME)
    assert github_name(one) == "acme/platform"
    assert not is_machine_local(one)
    for other in ("https://github.com/acme/other", "https://gitlab.com/acme/platform", "/acme/platform"):
        assert not same_repository(one, other)


@pytest.mark.parametrize(
    "path", ["/srv/platform", "../platform", "platform", "~/p", "file:///srv/p.git", "C:/p", ""]
)
def test_a_path_is_one_machines(path: str) -> None:
    assert is_machine_local(path)
    assert github_name(path) is None
    assert not same_repository(path, "https://github.com/srv/platform")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://me:token@host/x.git", "https://host/x.git"),
        ("https://token@host/x", "https://host/x"),
        ("git+https://a:b@host:8443/x", "git+https://host:8443/x"),
        ("ssh://git:pw@host/x", "ssh://git@host/x"),
        ("git@host:x/y.git", "git@host:x/y.git"),
        ("/srv/x", "/srv/x"),
        ("https://[broken", "https://[broken"),
    ],
)
def test_credentials_are_left_out_and_nothing_else(address: str, kept: str) -> None:
    assert without_credentials(address) == kept


secrets = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=8)


@given(user=secrets, secret=secrets, scheme=st.sampled_from(["https", "http", "ssh", "git+https"]))
def test_no_password_survives(user: str, secret: str, scheme: str) -> None:
    assert secret not in without_credentials(f"{scheme}://{user}:{secret}@host/x").replace(user, "")


@given(st.text())
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert same_repository(text, text)
    without_credentials(text)
    github_name(text)


@pytest.mark.parametrize("url", [*SAME, "https://git.example.org/a/b", "ssh://git@host/a/b", "host:a/b.git"])
def test_copier_knows_every_recorded_address_for_a_repository(url: str) -> None:
    from copier._vcs import get_repo

    assert get_repo(for_copier(url)) is not None
    assert same_repository(for_copier(url), url)
    assert same_repository(expanded(for_copier(url)), url)
