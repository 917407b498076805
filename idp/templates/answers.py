"""A service's name and answers: what is allowed, decided before anything is written."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from idp.core.errors import UsageError

NAME_MAX_LENGTH = 40
_NAME = re.compile(rf"[a-z](?:[a-z0-9-]{{0,{NAME_MAX_LENGTH - 2}}}[a-z0-9])?")
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
)
ANSWER_NAME = "service_name"
ANSWER_TEMPLATE = "template"


def validate_name(name: str) -> str:
    """The name itself if it is a DNS-1123 label that starts with a letter, up to 40 characters.

    Raises:
        UsageError: it is anything else, or a name that Windows reserves for devices.
    """
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            "name-invalid",
            f"{_shown(name)} is not a service name.",
            f"Use 1 to {NAME_MAX_LENGTH} lower-case letters, digits and hyphens, a letter first and no "
            "hyphen last: user-profile.",
        )
    if name in _RESERVED:
        raise UsageError(
            "name-reserved",
            f"`{name}` is a device name on Windows.",
            "Choose a name such as my-" + name + ".",
        )
    return name


def _shown(text: str) -> str:
    """Hostile text, safe for a terminal and short."""
    return ascii(text if len(text) <= NAME_MAX_LENGTH else text[:NAME_MAX_LENGTH] + "…")


def parse_answers(pairs: Iterable[str]) -> dict[str, str]:
    """`["owner=@acme/team"]` → `{"owner": "@acme/team"}`; the value may contain `=` and be empty.

    Raises:
        UsageError: a pair has no `=`, no name, or the name occurs twice.
    """
    answers: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name.strip():
            raise UsageError(
                "answer-invalid", f"{_shown(pair)} is not an answer.", "Write --data NAME=VALUE."
            )
        if name in answers:
            raise UsageError("answer-twice", f"`{name}` is answered twice.", "Give each --data NAME once.")
        answers[name] = value
    return answers


def merge_answers(answers: Mapping[str, str], fixed: Mapping[str, str]) -> dict[str, str]:
    """The user's answers together with those that the command line itself fixes (name, template).

    Raises:
        UsageError: the two contradict each other.
    """
    for key, value in fixed.items():
        if answers.get(key, value) != value:
            raise UsageError(
                "answer-contradiction",
                f"--data {key}={_shown(answers[key])} contradicts `{value}` on the command line.",
                f"Leave out --data {key}.",
            )
    return {**answers, **fixed}


def refuse_unknown_answers(answers: Iterable[str], questions: Iterable[str]) -> None:
    """Raise a UsageError for the first answer to a question that the template does not ask."""
    known = sorted(questions)
    for name in answers:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            meant = f"Did you mean `{close[0]}`? " if close else ""
            raise UsageError(
                "answer-unknown",
                f"The template asks no question {_shown(name)}.",
                f"{meant}It asks: {', '.join(known)}.",
            )
