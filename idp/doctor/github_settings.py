"""A repository's settings on GitHub, as far as docs/how-to/protect-repositories.md asks for them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Unread:
    """That something could not be read, and why; `plan`: GitHub's plan does not have it."""

    reason: str
    plan: bool = False


@dataclass(frozen=True)
class Protection:
    """What one ruleset, or the classic rule of a branch, demands.

    Attributes:
        name: the ruleset's.
        blocks: of `creation`, `update`, `deletion`, `non_fast_forward`.
        bypass: who passes, as `type:mode` (`Integration:always` is an App); None if only administrators see it.
    """

    name: str
    pull_request: bool = False
    approvals: int = 0
    code_owners: bool = False
    checks: frozenset[str] = frozenset()
    up_to_date: bool = False
    blocks: frozenset[str] = frozenset()
    bypass: tuple[str, ...] | None = ()


@dataclass(frozen=True)
class RefFacts:
    """What protects a branch or tags: one entry for each place where GitHub keeps such rules."""

    name: str
    sources: tuple[tuple[Protection, ...] | Unread, ...]

    @property
    def protections(self) -> tuple[Protection, ...]:
        return tuple(entry for source in self.sources if not isinstance(source, Unread) for entry in source)

    @property
    def unread(self) -> Unread | None:
        """Why more rules may be there than were read; None if all is known."""
        missing = [source for source in self.sources if isinstance(source, Unread)]
        closed = [source for source in missing if not source.plan]
        if closed:
            return closed[0]
        return missing[0] if missing and len(missing) == len(self.sources) else None


@dataclass(frozen=True)
class Codeowners:
    """The file's text, and how many of its lines GitHub itself finds wrong."""

    text: str
    errors: int


@dataclass(frozen=True)
class WorkflowToken:
    """What `GITHUB_TOKEN` may do where a workflow does not say."""

    writes: bool
    approves: bool


@dataclass(frozen=True)
class DeploymentEnvironment:
    """`branches`: names or patterns that may deploy; None where any branch may."""

    name: str
    branches: tuple[str, ...] | Unread | None


@dataclass(frozen=True)
class RepositorySettings:
    """Everything that is judged.

    Attributes:
        repository: `host/owner/name`.
        chain: the environments that it holds, in order; empty for a service's repository.
        codeowners: None if there is no such file.
    """

    repository: str
    default_branch: str
    chain: tuple[str, ...] | Unread
    branches: tuple[RefFacts, ...]
    tags: tuple[RefFacts, ...]
    codeowners: Codeowners | Unread | None
    token: WorkflowToken | Unread
    environments: tuple[DeploymentEnvironment, ...] | Unread


def ref_matches(ref: str, include: Sequence[str], exclude: Sequence[str], default_branch: str) -> bool:
    """Whether a ruleset's conditions name a full ref; `~ALL` and `~DEFAULT_BRANCH` are GitHub's words."""

    def named(patterns: Sequence[str]) -> bool:
        plain = (f"refs/heads/{default_branch}" if it == "~DEFAULT_BRANCH" else it for it in patterns)
        return any(it == "~ALL" or re.fullmatch(_expression(it), ref) for it in plain)

    return named(include) and not named(exclude)


def owners_of(path: str, codeowners: str) -> tuple[str, ...]:
    """Who owns a path by a CODEOWNERS file: the last line that matches counts, and may name nobody."""
    owners: tuple[str, ...] = ()
    for line in codeowners.splitlines():
        words = line.partition("#")[0].split()
        if words and _owns(words[0], path):
            owners = tuple(words[1:])
    return owners


def _owns(pattern: str, path: str) -> bool:
    body = pattern.strip("/")
    anchored = "/" in pattern.rstrip("/")
    below = "/.+" if pattern.endswith("/") else ("" if body.endswith("/*") else "(?:/.+)?")
    return re.fullmatch(("" if anchored else "(?:.+/)?") + _expression(body) + below, path) is not None


def _expression(pattern: str) -> str:
    """GitHub's patterns: `*` stays within one folder, `**/` is any number of them, and a last `**` is a `*`."""
    parts = re.split(r"(\*\*/|\*+|\?)", pattern)
    known = {"**/": "(?:[^/]+/)*", "?": "[^/]"}
    return "".join(known.get(it) or ("[^/]*" if it.startswith("*") else re.escape(it)) for it in parts)
