"""An edit of environments.yaml changes what it is about, and no other line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.core.errors import UsageError, UserError
from idp.environments.chain import parse_chain
from idp.environments.chain_edit import with_environment, without_environment

SHIPPED = Path("environments/environments.yaml")
COMMENTS = st.lists(st.sampled_from(["# ours", "  # indented", "      # deep", "", "#"]), max_size=3)


def shipped() -> bytes:
    from tests.support import ROOT

    return (ROOT / SHIPPED).read_bytes()


@st.composite
def files(draw: st.DrawFn) -> str:
    """A chain as a person might write it."""
    indent = " " * draw(st.sampled_from([0, 2, 4]))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    lines = [*draw(COMMENTS), "environments: # the chain", *draw(COMMENTS)]
    for name in draw(st.permutations(["dev", "staging", "prod"])):
        lines.append(f"{indent}- name: {name}{draw(st.sampled_from(['', ' # why', '  ']))}")
        lines += draw(
            st.sampled_from(
                [
                    [],
                    [f"{indent}  target: compose"],
                    [f"{indent}  smoke: {{path: /items, status: 200}} # asked"],
                    [f"{indent}  gates:", f"{indent}    # all of them", f"{indent}    checks: all"],
                    [f"{indent}  smoke:", "", f"{indent}    path: '/#x'"],
                ]
            )
        )
        lines += draw(COMMENTS)
    text = newline.join(lines)
    return text + (newline if draw(st.booleans()) else "")


@given(text=files(), after=st.sampled_from(["dev", "staging", "prod", None]))
def test_adding_keeps_every_line_in_its_order_and_puts_the_new_one_where_it_was_asked(
    text: str, after: str | None
) -> None:
    before = parse_chain(text.encode())
    edited = with_environment(text.encode(), "qa", after).decode()
    chain = parse_chain(edited.encode())
    position = before.names.index(after) + 1 if after else len(before.names)
    assert chain.names == (*before.names[:position], "qa", *before.names[position:])
    assert chain.get("qa").gates.checks == "all"
    assert chain.get("qa").gates.verified_in == before.names[position - 1]
    assert [each for each in chain.environments if each.name != "qa"] == list(before.environments)
    remaining = iter(edited.splitlines())
    assert all(line in remaining for line in text.splitlines())
    assert ("\r\n" in edited) == ("\r\n" in text)


@given(text=files(), after=st.sampled_from(["dev", "staging", "prod"]))
def test_removing_what_was_added_leaves_the_chain_and_every_comment(text: str, after: str) -> None:
    added = with_environment(text.encode(), "qa", after)
    removed = without_environment(added, "qa").decode()
    assert parse_chain(removed.encode()) == parse_chain(text.encode())
    comments = [line for line in text.splitlines() if "#" in line]
    assert [line for line in removed.splitlines() if "#" in line] == comments


def test_the_shipped_chain_is_restored_byte_for_byte() -> None:
    for after in ("dev", "staging", "prod"):
        assert without_environment(with_environment(shipped(), "qa", after), "qa") == shipped()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("environments: [{name: dev}, {name: prod}]\n", "environments-uneditable"),
        ("environments:\n  -\n    name: dev\n  - name: prod\n", "environments-uneditable"),
        ("environments:\n  - name: dev\n  - name: dev\n", "environments-invalid"),
        ("environments: []\n", "environments-invalid"),
        ("- dev\n", "environments-invalid"),
        ("", "environments-invalid"),
        ("environments:\n  - name: dev\n  - name: qa\n", "environment-exists"),
    ],
)
def test_what_cannot_be_edited_safely_is_left_to_the_person(text: str, code: str) -> None:
    with pytest.raises(UserError) as refused:
        with_environment(text.encode(), "qa", None)
    assert refused.value.code == code
    assert refused.value.hint


@pytest.mark.parametrize("name", ["base", "Qa", "", "-", "a b", "on", "x" * 41, "../x", "qa\n"])
def test_a_name_that_no_environment_can_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        with_environment(shipped(), name)


def test_an_unknown_predecessor_is_refused() -> None:
    with pytest.raises(UsageError, match="no environment 'nope'"):
        with_environment(shipped(), "qa", "nope")


def test_an_environment_that_others_need_cannot_be_removed() -> None:
    named = shipped().replace(b"verified_in: true\n      # soak", b"verified_in: dev\n      # soak")
    assert parse_chain(without_environment(named, "staging")).names == ("dev", "prod")
    for text, name in ((shipped(), "dev"), (named, "dev")):
        with pytest.raises(UserError) as refused:
            without_environment(text, name)
        assert refused.value.code == "environment-needed"
    with pytest.raises(UserError) as refused:
        without_environment(b"environments:\n  - name: dev\n", "dev")
    assert refused.value.code == "environment-last"
