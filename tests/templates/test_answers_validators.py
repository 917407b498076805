"""Any text as an answer is either safe in every file that uses it or refused in one sentence."""

import json
import re
import tomllib

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from idp.core.errors import UsageError
from idp.core.names import validate_service
from tests.templates.questions import default, quoted, refusal

HOSTILE = (
    *(
        "../../etc/passwd",
        "/absolute",
        "a\nb",
        "a\r\nb",
        "abc\n",
        "\t",
        "\x00",
        "\x1b[31m",
        "a" * 300,
        "",
        "a b",
    ),
    *("\u2028", "\u202e", "\ud800", "\ufeff", "🚀", "naïve", "日本語"),
    *("{{ 7*7 }}", "{% raw %}", "{{ ''.__class__.__mro__ }}", "{# #}"),
    *("$(id)", "`id`", "${{ github.token }}", "; rm -rf ~", "-", "--help"),
    *("null", "true", "on", "1e3", "0x1f", "2026-01-01", "con", "nul", "com1", "lpt0", "class", "import"),
    *("@", "@/", "@a/", "@a/b/c", "@-a", "@a--b", "@a-", "a/..", "a/.", "a/b.git", "a/b.wiki", "a/b/c"),
)
any_text = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=60),
    st.text(alphabet="ab0-_./@\n ", max_size=45),
    st.from_regex(r"@?[a-z0-9]([a-z0-9-]{0,45})(/[A-Za-z0-9._-]{1,104})?", fullmatch=True),
)
PRINTABLE = ('"', "'", *"\\#:%$`*_[]<>&~|{}!@-+=.) 1a", *filter(str.isprintable, HOSTILE))
printable_lines = st.one_of(
    st.lists(st.sampled_from(PRINTABLE), max_size=30).map("".join), st.text(max_size=120)
).filter(lambda text: text and len(text) <= 120 and text == text.strip() and text.isprintable())
many = settings(max_examples=300, deadline=None)


def is_account(text: str) -> bool:
    plain, code, short = text.partition("_")
    parts = plain.split("-")
    return (
        text.isascii() and len(text) <= 39 and all(map(str.isalnum, parts)) and (not code or short.isalnum())
    )


def is_owner(text: str) -> bool:
    account, slash, team = text.removeprefix("@").partition("/")
    is_team = (
        len(team) <= 63
        and team.isascii()
        and re.sub("[_-]", "", team).isalnum()
        and team[0].isalnum()
        and team[-1].isalnum()
    )
    return text.startswith("@") and is_account(account) and (not slash or is_team)


def is_repository(text: str) -> bool:
    account, _, name = text.partition("/")
    return (
        is_account(account)
        and re.fullmatch(r"[A-Za-z0-9._-]{1,100}", name) is not None
        and name not in {".", ".."}
        and not name.lower().endswith((".git", ".wiki"))
    )


@many
@given(any_text)
@example("a" * 40)
@example("a" * 41)
def test_template_and_program_accept_the_same_service_names(name: str) -> None:
    try:
        validate_service(name)
    except UsageError:
        assert refusal("service_name", name)
    else:
        assert not refusal("service_name", name)


@many
@given(any_text | printable_lines)
@example("é" * 120)
@example("é" * 121)
def test_a_description_is_one_printable_line(text: str) -> None:
    accepted = 0 < len(text) <= 120 and text == text.strip() and text.isprintable()
    assert accepted == (not refusal("description", text))


@many
@given(any_text)
@example("@" + "a" * 39 + "/" + "b" * 63)
@example("@" + "a" * 40)
@example("@a/" + "b" * 64)
@example("@octocat_acme")
@example("@acme/\u00e9")
def test_an_owner_is_a_github_team_or_user(text: str) -> None:
    assert is_owner(text) == (not refusal("owner", text))


@many
@given(any_text)
@example("a/" + "b" * 100)
@example("a/" + "b" * 101)
@example("a/.github")
@example("a/b.GIT")
def test_a_platform_repository_is_a_github_repository(text: str) -> None:
    assert is_repository(text) == (not refusal("platform_repository", text))


@pytest.mark.parametrize("question", ["service_name", "description", "owner", "platform_repository"])
def test_a_refusal_is_one_sentence_that_says_what_is_allowed_and_never_repeats_the_answer(
    question: str,
) -> None:
    words = {refusal(question, answer) for answer in ("\n", "{{ 7*7 }}\x1b[31m", "x" * 300 + "\n")}
    assert len(words) == 1
    message = words.pop()
    assert "\n" not in message
    assert "up to" in message or "1 to" in message


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("user-profile", "user-profile"),
        ("User Profile", "user-profile"),
        ("user_profile.v2", "user-profile-v2"),
    ],
)
def test_the_name_defaults_to_the_folders_name(folder: str, name: str) -> None:
    assert default("service_name", _folder_name=folder) == name
    assert not refusal("service_name", name)


@many
@given(any_text)
def test_a_hostile_folder_name_is_never_executed(folder: str) -> None:
    kept = re.sub(r"[_ .]", "-", folder.lower())
    assert default("service_name", _folder_name=folder) == kept


@pytest.mark.parametrize(
    ("source", "repository"),
    [
        ("gh:acme/platform", "acme/platform"),
        ("gh:acme/platform.git", "acme/platform"),
        ("https://github.com/acme/platform", "acme/platform"),
        ("https://github.com/acme/platform.git/", "acme/platform"),
        ("https://user:token@github.com/acme/platform", "acme/platform"),
        ("git+https://github.com/acme/platform", "acme/platform"),
        ("git@github.com:acme/platform.git", "acme/platform"),
        ("git+ssh://git@github.com/acme/platform", "acme/platform"),
        ("ssh://git@github.com/acme/platform.git", "acme/platform"),
        ("/home/me/platform", "example-org/idp-lite"),
        ("https://gitlab.com/acme/platform", "example-org/idp-lite"),
        ("https://github.com.evil.org/acme/platform", "example-org/idp-lite"),
        ("https://github.com/acme/platform/tree/main", "example-org/idp-lite"),
        ("gh:acme/..", "example-org/idp-lite"),
        ("", "example-org/idp-lite"),
    ],
)
def test_the_platform_repository_defaults_to_where_the_template_comes_from(
    source: str, repository: str
) -> None:
    assert default("platform_repository", _src_path=source) == repository


@many
@given(st.text(max_size=80).map("https://github.com/".__add__) | any_text)
def test_the_default_platform_repository_is_always_valid(source: str) -> None:
    assert not refusal("platform_repository", default("platform_repository", _src_path=source))


@many
@given(printable_lines)
def test_quoting_carries_a_description_exactly(text: str) -> None:
    assert json.loads(quoted("json", text)) == text
    assert yaml.safe_load(f"key: {quoted('yaml', text)} # comment") == {"key": text}
    assert tomllib.loads(f"key = {quoted('toml', text)}") == {"key": text}
    assert eval(quoted("python", text)) == text  # noqa: S307 - that it is a literal is what is tested


@many
@given(printable_lines)
@example("1. not a list")
@example("- not a list")
@example("# not a heading")
def test_a_description_in_markdown_is_text_and_nothing_else(text: str) -> None:
    tokens = (
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .parse(f"# title\n\n{quoted('markdown', text)}\n")
    )
    assert [token.type for token in tokens[3:]] == ["paragraph_open", "inline", "paragraph_close"]
    pieces = tokens[4].children or []
    assert {piece.type for piece in pieces} <= {"text", "text_special"}
    assert "".join(piece.content for piece in pieces) == text
