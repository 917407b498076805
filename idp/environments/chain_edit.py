"""Adds an environment to `environments.yaml` and takes one out; every other line stays as somebody wrote it."""

import re
from dataclasses import dataclass
from typing import Any

from idp.core.errors import UserError
from idp.core.names import validate_environment
from idp.core.yaml import load_with_lines
from idp.environments.chain import CHAIN_PATH, Chain, parse_chain

_ITEM = re.compile(r"(?P<indent> *)- +\S")


@dataclass(frozen=True)
class _Item:
    """Where an environment stands: lines from `start` up to `end`, not included, counted from 0."""

    start: int
    end: int
    indent: str


def with_environment(content: bytes, name: str, after: str | None = None) -> bytes:
    """The file with a further environment, before which the gates `checks` and `verified_in` stand.

    Args:
        content: the file as it is.
        name: the new environment.
        after: which one it follows; None: the last.

    Raises:
        UsageError: the name is none, or `after` is unknown.
        UserError: there is such an environment, or the file is not valid or not written as a list, one key a line.
    """
    validate_environment(name)
    chain = parse_chain(content)
    if name in chain.names:
        raise UserError(
            "environment-exists",
            f"There is an environment `{name}`.",
            "`idp env show` tells more; choose another name.",
        )
    position = chain.environments.index(chain.get(after)) if after else len(chain.names) - 1
    lines = _lines(content)
    item = _item(content, lines, position)
    newline = "\r\n" if lines[item.start].endswith("\r\n") else "\n"
    texts = [f"- name: {name}", "  gates:", "    checks: all", "    verified_in: true"]
    added = [f"{item.indent}{text}{newline}" for text in texts]
    gap = [newline] if len(chain.names) == 1 or _is_spaced(content, lines) else []
    last = lines[item.end - 1]
    before = [*lines[: item.end - 1], last if last.endswith("\n") else last + newline]
    edited = "".join([*before, *gap, *added, *lines[item.end :]]).encode()
    new: dict[str, Any] = {"name": name, "gates": {"checks": "all", "verified_in": True}}
    listed = _listed(content)
    return _verified(content, edited, [*listed[: position + 1], new, *listed[position + 1 :]])


def without_environment(content: bytes, name: str) -> bytes:
    """The file without an environment.

    Raises:
        UsageError: there is none of that name.
        UserError: it is the only one, a later one's gate names it, or the file is not written as a list.
    """
    chain = parse_chain(content)
    position = chain.environments.index(chain.get(name))
    if len(chain.names) == 1:
        raise UserError(
            "environment-last",
            f"`{name}` is the only environment.",
            "Add another one first: `idp env add NAME`.",
        )
    if needed := _that_need(chain, content, name):
        raise UserError(
            "environment-needed",
            f"The gate verified_in of {', '.join(needed)} names `{name}`.",
            f"Change it in {CHAIN_PATH} first; `true` means the environment before.",
        )
    lines = _lines(content)
    item = _item(content, lines, position)
    start, end = item.start, item.end
    while end < len(lines) and not lines[end].strip():
        end += 1
    while end == len(lines) and not lines[start - 1].strip():
        start -= 1
    edited = "".join([*lines[:start], *lines[end:]]).encode()
    try:
        parse_chain(edited)
    except UserError as error:
        raise UserError(
            "environment-needed",
            f"Without `{name}` the chain would not be valid: {error.message}",
            f"Change the gates of the environments after it in {CHAIN_PATH} first.",
        ) from error
    listed = _listed(content)
    return _verified(content, edited, [*listed[:position], *listed[position + 1 :]])


def _that_need(chain: Chain, content: bytes, name: str) -> list[str]:
    """The environments whose gate names another one itself, not just the one before."""
    settings = [item.get("gates") or {} for item in _listed(content)]
    return [
        environment
        for environment, gates in zip(chain.names, settings, strict=True)
        if gates.get("verified_in") == name
    ]


def _lines(content: bytes) -> list[str]:
    return content.decode().splitlines(keepends=True)


def _listed(content: bytes) -> list[dict[str, Any]]:
    return list(load_with_lines(content).value["environments"])


def _item(content: bytes, lines: list[str], position: int) -> _Item:
    start = load_with_lines(content).lines["environments", position] - 1
    match = _ITEM.match(lines[start])
    if match is None:
        raise _uneditable()
    end = start + 1
    for number in range(start + 1, len(lines)):
        text = lines[number].strip()
        if text and len(lines[number]) - len(lines[number].lstrip(" ")) <= len(match["indent"]):
            break
        if text:
            end = number + 1
    return _Item(start, end, match["indent"])


def _is_spaced(content: bytes, lines: list[str]) -> bool:
    """Whether an empty line stands between the first two environments."""
    first, second = (_item(content, lines, position) for position in (0, 1))
    return any(not line.strip() for line in lines[first.end : second.start])


def _verified(before: bytes, after: bytes, wanted: list[dict[str, Any]]) -> bytes:
    """The edited file, if it says what was wanted and nothing else has changed."""
    try:
        parse_chain(after)
        value = load_with_lines(after).value
    except (UserError, ValueError) as error:
        raise _uneditable() from error
    if value != {**load_with_lines(before).value, "environments": wanted}:
        raise _uneditable()
    return after


def _uneditable() -> UserError:
    return UserError(
        "environments-uneditable",
        f"{CHAIN_PATH} is written in a way that cannot be edited without changing more of it than asked.",
        "Edit it by hand, or write its environments as a list, each beginning with `- name:`.",
    )
