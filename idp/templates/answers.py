"""Answers to a template's questions, as the command line gives them."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from idp.core.errors import UsageError
from idp.core.names import shortened

ANSWER_NAME = "service_name"
ANSWER_TEMPLATE = "template"
ANSWER_PLATFORM = "platform_repository"


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
                "answer-invalid", f"{shortened(pair)} is not an answer.", "Write --data NAME=VALUE."
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
                f"--data {key}={shortened(answers[key])} contradicts `{value}` on the command line.",
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
                f"The template asks no question {shortened(name)}.",
                f"{meant}It asks: {', '.join(known)}.",
            )
