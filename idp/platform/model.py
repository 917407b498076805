"""Where the platform is: the candidates in order, and the one that wins."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from idp.core.errors import UsageError

ANSWERS_FILE = ".copier-answers.yml"
"""In every service: which template, which version, which answers."""
TEMPLATES_FOLDER = "copier-templates"
"""In the platform repository: one folder a template."""


@dataclass(frozen=True)
class Platform:
    """A platform repository.

    Attributes:
        source: URL or absolute path from which it is read.
        checkout: its work tree, if it is one on this machine that services are registered in.
        found_by: how it was found, in words for a person.
        origin: the shared address of a repository on this machine: that of its remote, without credentials.
    """

    source: str
    checkout: Path | None
    found_by: str
    origin: str | None = None

    @property
    def address(self) -> str:
        """What answers, catalog entries and workflows record: what others can reach, where there is that."""
        return self.origin or self.source

    @property
    def is_local(self) -> bool:
        return Path(self.source).is_absolute()


@dataclass(frozen=True)
class Candidate:
    """One place that may name the platform; `source` is None where it does not."""

    found_by: str
    source: str | None


def first_named(candidates: Sequence[Candidate]) -> Candidate | None:
    return next((candidate for candidate in candidates if candidate.source), None)


_CREDENTIALS = re.compile(r"://[^/@\s]*:[^/@\s]*@|^(?:git\+)?https?://[^/@\s]+@")


def refuse_credentials(source: str) -> str:
    """The source itself, unless it carries a password or token: Copier would write that into every service.

    Raises:
        UsageError: it does.
    """
    if _CREDENTIALS.search(source):
        raise UsageError(
            "credentials-in-url",
            "The template's address has a user name or password in it, which would end up in the service.",
            "Leave it out; Git asks its credential helper (`git config credential.helper`).",
        )
    return source


def looks_like_url(source: str) -> bool:
    """Whether Copier takes a source for a remote repository: `gh:org/repo`, `https://…`, `git@host:…`."""
    return "://" in source or source.startswith(("gh:", "gl:", "git@", "git+"))
