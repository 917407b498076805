"""The questions, evaluated as Copier does but without rendering: fast enough for thousands of answers.

test_answers_rendering.py holds this against Copier itself.
"""

from functools import cache
from typing import Any

import yaml
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from tests.support import ROOT

TEMPLATES = ROOT / "copier-templates"
QUESTION_FILES = (TEMPLATES / "_shared" / "questions.yml", *sorted(TEMPLATES.glob("[!_]*/questions.yml")))


@cache
def questions() -> dict[str, dict[str, Any]]:
    """Question name → its definition, `template` aside."""
    found: dict[str, dict[str, Any]] = {}
    for file in QUESTION_FILES:
        found |= yaml.safe_load(file.read_text())
    return found


@cache
def environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(
        loader=FileSystemLoader(ROOT),
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


@cache
def _compiled(question: str, part: str) -> Any:
    return environment().from_string(questions()[question][part])


def refusal(question: str, answer: str) -> str:
    """What the question's validator says to an answer; empty if it is accepted."""
    return str(_compiled(question, "validator").render({question: answer})).strip()


def default(question: str, **variables: object) -> str:
    """The question's default, given what it looks at."""
    return str(_compiled(question, "default").render(variables))


def quoted(macro: str, text: str) -> str:
    """What a macro of _shared/quote.jinja makes of a text."""
    module = environment().get_template("copier-templates/_shared/quote.jinja").module
    return str(getattr(module, macro)(text))
