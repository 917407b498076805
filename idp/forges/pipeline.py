"""The pipeline that a command runs in: what it was started by, and where a person reads its result."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.core.errors import AdapterError
from idp.forges.pull_request import is_branch

_SUMMARY = "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True)
class PipelineEvent:
    """What a pipeline was started for.

    Attributes:
        base: the revision that the changes are meant for; head: the changes' newest commit. None where the event
            has none.
        base_branch, head_branch: of a pull request, without `refs/heads/`.
    """

    base: str | None = None
    head: str | None = None
    base_branch: str | None = None
    head_branch: str | None = None


def event(environ: Mapping[str, str]) -> PipelineEvent:
    """What GitHub Actions says that it runs for; nothing outside of it.

    Args:
        environ: the process's variables.

    Raises:
        AdapterError: the event's file cannot be read.
    """
    path = environ.get("GITHUB_EVENT_PATH")
    if environ.get("GITHUB_ACTIONS") != "true" or not path:
        return PipelineEvent()
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AdapterError(
            "event-unreadable",
            f"GITHUB_EVENT_PATH ({path}) cannot be read.",
            "Give --base and --head instead.",
        ) from error
    return _event(content if isinstance(content, dict) else {})


def _event(content: Mapping[str, Any]) -> PipelineEvent:
    if isinstance(pull := content.get("pull_request"), dict):
        base, head = _mapping(pull.get("base")), _mapping(pull.get("head"))
        return PipelineEvent(
            _text(base.get("sha")), _text(head.get("sha")), _branch(base.get("ref")), _branch(head.get("ref"))
        )
    if isinstance(group := content.get("merge_group"), dict):
        base_ref = str(group.get("base_ref") or "").removeprefix("refs/heads/")
        return PipelineEvent(_text(group.get("base_sha")), _text(group.get("head_sha")), _branch(base_ref))
    return PipelineEvent(_text(content.get("before")), _text(content.get("after")))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip("0") else None


def _branch(value: object) -> str | None:
    return value if isinstance(value, str) and is_branch(value) else None


def write(environ: Mapping[str, str], markdown: str) -> bool:
    """Add Markdown to the step's summary; whether there is one.

    Raises:
        AdapterError: it cannot be written.
    """
    path = environ.get(_SUMMARY)
    if not path:
        return False
    try:
        with Path(path).open("a", encoding="utf-8", errors="replace") as file:
            file.write(markdown)
    except OSError as error:
        raise AdapterError(
            "summary-unwritable", f"{_SUMMARY} ({path}) cannot be written: {error.strerror}.", "Unset it."
        ) from error
    return True
