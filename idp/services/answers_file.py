"""A service's answers file: which template it was made from, at which version, with which answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.core import yaml
from idp.core.errors import UserError
from idp.templates.answers import ANSWER_NAME, ANSWER_TEMPLATE


@dataclass(frozen=True)
class RecordedAnswers:
    """What `.copier-answers.yml` says.

    Attributes:
        source: `_src_path`: a URL, or a path of the machine that the service was made on, which may be relative.
        revision: `_commit`, a tag, a commit or Git's description of one.
        values: every answer that is not private to Copier.
    """

    source: str
    revision: str
    values: Mapping[str, Any]

    @property
    def template(self) -> str | None:
        """The template of a platform repository; None for a template that is a repository of its own."""
        name = self.values.get(ANSWER_TEMPLATE)
        return name if isinstance(name, str) else None

    @property
    def service(self) -> str | None:
        name = self.values.get(ANSWER_NAME)
        return name if isinstance(name, str) else None


def parse_answers_file(text: str, where: str) -> RecordedAnswers:
    """Read an answers file.

    Args:
        text: its content.
        where: its path, for messages.

    Raises:
        UserError: it is no YAML mapping, or lacks what an update needs.
    """
    try:
        content = yaml.load_plain(text)
    except ValueError as error:
        raise _invalid(where, "is no valid YAML") from error
    if not isinstance(content, dict):
        raise _invalid(where, "is no YAML mapping")
    source, revision = content.get("_src_path"), content.get("_commit")
    if not isinstance(source, str) or not source:
        raise _invalid(where, "has no `_src_path`")
    if not isinstance(revision, str | int | float) or revision == "":
        raise _invalid(where, "has no `_commit`: the template was no Git repository")
    values = {str(key): value for key, value in content.items() if not str(key).startswith("_")}
    return RecordedAnswers(source, str(revision), values)


def _invalid(where: str, why: str) -> UserError:
    return UserError(
        "answers-invalid",
        f"{where} {why}.",
        "It has to name the template's URL (`_src_path`) and its exact version (`_commit`).",
    )
