"""Copier, which renders. Nothing here decides what to render."""

import importlib
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.core.errors import AdapterError, IdpError, UserError
from idp.git import run as git


@dataclass(frozen=True)
class Rendered:
    """What Copier made: where, from which commit of the template, with which answers."""

    folder: Path
    commit: str | None
    answers: Mapping[str, Any]
    questions: frozenset[str]


def preload() -> None:
    """Import Copier while the caller waits for Git: it takes longer than all of the caller's Git calls."""
    threading.Thread(target=importlib.import_module, args=("copier",), daemon=True).start()


def render(
    source: str, revision: str | None, destination: Path, answers: Mapping[str, Any], *, ask: bool
) -> Rendered:
    """Render a template into a folder that does not exist yet.

    Args:
        source: Copier URL or absolute path; it becomes `_src_path`.
        revision: tag or commit; None lets Copier choose (a folder that is no repository has none).
        destination: the new folder; its name is the default of questions that ask for one.
        answers: question name → answer; text is converted to the question's type.
        ask: ask the questions that have no answer here; otherwise take their defaults.

    Raises:
        UserError: an answer is missing or refused by the template's validator.
        AdapterError: the template cannot be fetched, is broken, or needs trust.
    """
    import copier

    with explained(source), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        worker = copier.run_copy(
            source,
            destination,
            dict(answers),
            vcs_ref=revision,
            defaults=not ask,
            quiet=True,
            cleanup_on_error=False,
        )
        return rendered(worker, destination)


def rendered(worker: Any, folder: Path) -> Rendered:  # noqa: ANN401 - Copier's worker is no public type
    """What a worker of Copier has made."""
    return Rendered(
        folder=folder,
        commit=worker.template.commit,
        answers={key: value for key, value in worker.answers.combined.items() if not key.startswith("_")},
        questions=frozenset(worker.template.questions_data),
    )


@contextmanager
def explained(source: str) -> Iterator[None]:
    """Everything that Copier, Jinja or Git raise while rendering, as one error with a hint."""
    try:
        yield
    except (IdpError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise _explain(source, error) from error


def _explain(source: str, error: Exception) -> IdpError:
    from copier import errors as copier_errors

    words = _first_line(error)
    if isinstance(error, copier_errors.UnsafeTemplateError):
        return AdapterError(
            "template-unsafe",
            f"The template {source} runs code of its own (tasks, migrations or Jinja extensions).",
            "Review it; if you trust it, list it under `trust` in Copier's settings file.",
        )
    if words.startswith('Question "') and words.endswith("is required"):
        question = words.split('"')[1]
        return UserError(
            "answer-missing",
            f"The template asks `{question}`, and there is no answer.",
            f"Add --data {question}=VALUE, or run it on a terminal to be asked.",
        )
    if words.startswith(("Validation error for question", "Invalid choice for", "Invalid answer")):
        return UserError("answer-invalid", words, "Correct that answer: --data NAME=VALUE.")
    if isinstance(error, copier_errors.InteractiveSessionError):
        return UserError("answer-missing", words, "Add --data NAME=VALUE for each question.")
    return AdapterError(
        "template-unusable",
        f"Copier cannot render {source}: {words}",
        "Check the template's address and version; `copier copy` shows its own messages.",
    )


def _first_line(error: Exception) -> str:
    """What went wrong in one sentence: Git's last line where Git failed, else the exception's first."""
    stderr = getattr(error, "stderr", None)
    if isinstance(stderr, str) and stderr.strip():
        return stderr.strip().splitlines()[-1]
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def available(platform: str, revision: str) -> dict[str, str]:
    """A platform's templates at a revision: name → label, as its `template` question offers them.

    Args:
        platform: path of the platform's repository.
        revision: tag or commit.

    Raises:
        AdapterError: the repository has no `copier.yml` with that question.
    """
    text = git.read_file(Path(platform), revision, "copier.yml") or git.read_file(
        Path(platform), revision, "copier.yaml"
    )
    choices = _template_choices(text) if text is not None else None
    if choices is None:
        raise AdapterError(
            "not-a-platform",
            f"{platform} at {revision} has no copier.yml with a `template` question.",
            "Name a platform repository with --platform or IDP_PLATFORM; `idp init DIR` makes one.",
        )
    return choices


def _template_choices(text: str) -> dict[str, str] | None:
    import yaml

    class Loader(yaml.SafeLoader):
        """Copier's `!include` is of no interest here."""

    Loader.add_multi_constructor("!", lambda *_: None)
    try:
        documents = list(yaml.load_all(text, Loader))
    except yaml.YAMLError:
        return None
    for document in documents:
        question = document.get("template") if isinstance(document, dict) else None
        if isinstance(question, dict) and "choices" in question:
            return _labels(question["choices"])
    return None


def _labels(choices: object) -> dict[str, str]:
    """Copier writes choices as names, as (label, name) pairs, or as label → name (or → {value: name, …})."""
    if isinstance(choices, dict):
        values = {
            label: value.get("value") if isinstance(value, dict) else value
            for label, value in choices.items()
        }
        return {str(value): str(label) for label, value in values.items()}
    pairs = [(item, item) if isinstance(item, str) else (item[0], item[1]) for item in _sequence(choices)]
    return {str(value): str(label) for label, value in pairs}


def _sequence(choices: object) -> list[Any]:
    return list(choices) if isinstance(choices, list) else []
