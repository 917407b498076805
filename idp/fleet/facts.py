"""What a fleet's commits hold, read with a handful of processes and kept: a commit never changes."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

from idp.core.errors import Failure, IdpError
from idp.git import run as git
from idp.platform.model import ANSWERS_FILE
from idp.services.answers_file import RecordedAnswers, parse_answers_file
from idp.templates.answers import ANSWER_NAME, ANSWER_TEMPLATE

_TOGETHER = 64
"""Repositories that one Git process reads: each object is looked for in all of them."""
_AT_ONCE = 4
_LARGEST_ANSWERS = 262144
_KEPT = 20000
_FORMAT = 1


@dataclass(frozen=True)
class Facts:
    """What one commit of a service's default branch says.

    Attributes:
        tree: its tree's object name.
        text: its answers file; empty where `failure` says that there is none to use.
        source: `_src_path`; revision: `_commit`; template and service: the answers of these names.
        edited: how many of the template's files are edited or deleted; None until an update or `idp status
            --drift` has worked it out.
    """

    tree: str
    text: str = ""
    source: str = ""
    revision: str = ""
    template: str | None = None
    service: str | None = None
    edited: int | None = None
    failure: Failure | None = None

    @property
    def answers(self) -> RecordedAnswers:
        values = {ANSWER_TEMPLATE: self.template, ANSWER_NAME: self.service}
        return RecordedAnswers(self.source, self.revision, values)


def load() -> dict[str, Facts]:
    """Everything known: commit → facts. An unreadable cache is an empty one."""
    try:
        content = json.loads(_file().read_bytes())
        if content["format"] != _FORMAT:
            return {}
        return {commit: _from_json(fields) for commit, fields in content["commits"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def save(facts: Mapping[str, Facts]) -> None:
    """Keep what is known, with what others have kept meanwhile, the newest of it; failing is no error."""
    merged = {**load(), **facts}
    kept = list(merged.items())[-_KEPT:]
    content = {"format": _FORMAT, "commits": {commit: asdict(fact) for commit, fact in kept}}
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=_file().parent, delete=False, encoding="ascii") as file:
            json.dump(content, file)
        os.replace(file.name, _file())  # noqa: PTH105 - both are plain names here
    except OSError:
        return


def read(places: Sequence[tuple[Path, str]], known: Mapping[str, Facts]) -> dict[str, Facts]:
    """The facts of commits, read where they are not known yet.

    Args:
        places: (Git folder, commit) of each service.
        known: commit → facts.

    Returns:
        commit → facts; a commit that cannot be read is missing.
    """
    missing = [place for place in places if place[1] not in known]
    found = {commit: known[commit] for _, commit in places if commit in known}
    parts = [missing[start : start + _TOGETHER] for start in range(0, len(missing), _TOGETHER)]
    if len(parts) <= 1:
        return {**found, **(_read_together(missing) if missing else {})}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for part in pool.map(_read_together, parts):
            found.update(part)
    return found


def with_edited(facts: Facts, edited: int) -> Facts:
    return replace(facts, edited=edited)


def _file() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("idp") / "fleet" / "facts.json"


def _from_json(fields: Mapping[str, Any]) -> Facts:
    failure = fields.get("failure")
    return Facts(**{**fields, "failure": Failure(**failure) if isinstance(failure, dict) else None})


def _read_together(places: Sequence[tuple[Path, str]]) -> dict[str, Facts]:
    """One Git process for many repositories; for each alone where that process stumbles over one of them."""
    with TemporaryDirectory(prefix="idp-facts-") as folder:
        try:
            return _ask(
                _union(Path(folder), [git_dir for git_dir, _ in places]), [commit for _, commit in places]
            )
        except (IdpError, ValueError, IndexError):
            if len(places) == 1:
                return {}
    return {commit: facts for place in places for commit, facts in _read_together([place]).items()}


def _union(folder: Path, git_dirs: Iterable[Path]) -> dict[str, str]:
    """A repository without objects of its own that borrows those of others; its environment."""
    (folder / "objects/info").mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "HEAD").write_text("ref: refs/heads/none\n")
    lines = [json.dumps(str(path / "objects"), ensure_ascii=False) for path in git_dirs]
    (folder / "objects/info/alternates").write_text(
        "".join(f"{line}\n" for line in lines), errors="surrogateescape"
    )
    return {"GIT_DIR": str(folder)}


def _ask(env: Mapping[str, str], commits: Sequence[str]) -> dict[str, Facts]:
    wanted = [name for commit in commits for name in (f"{commit}^{{tree}}", f"{commit}:{ANSWERS_FILE}")]
    listed = git.output("cat-file", "--batch-check", env=env, stdin="".join(f"{name}\n" for name in wanted))
    sizes = [_parsed(line) for line in listed.splitlines()]
    readable = [oid for oid, kind, size in sizes[1::2] if kind == "blob" and size <= _LARGEST_ANSWERS]
    texts = _contents(env, readable)
    found = {}
    for position, commit in enumerate(commits):
        tree, blob = sizes[2 * position], sizes[2 * position + 1]
        if tree[1] == "tree":
            found[commit] = _facts(tree[0], texts.get(blob[0]))
    return found


def _parsed(line: str) -> tuple[str, str, int]:
    """`<name> <type> <size>`; anything else is missing or unreadable."""
    parts = line.split(" ")
    return (parts[0], parts[1], int(parts[2])) if len(parts) == 3 and parts[2].isdigit() else ("", "", 0)  # noqa: PLR2004


def _contents(env: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    if not names:
        return {}
    done = git.call("cat-file", "--batch", env=env, stdin="".join(f"{name}\n" for name in names))
    data, found, position = done.stdout.encode(errors="surrogateescape"), {}, 0
    for name in names:
        end = data.index(b"\n", position)
        size = int(data[position:end].rpartition(b" ")[2])
        found[name] = data[end + 1 : end + 1 + size].decode(errors="replace")
        position = end + 1 + size + 1
    return found


def _facts(tree: str, text: str | None) -> Facts:
    if text is None:
        words = f"It has no {ANSWERS_FILE} on its default branch."
        hint = "Only a service that Copier made can be updated; commit the file if it is there."
        return Facts(tree, failure=Failure("no-answers-file", words, hint))
    try:
        answers = parse_answers_file(text, f"Its {ANSWERS_FILE}")
    except (IdpError, RecursionError, ValueError) as error:
        known = error if isinstance(error, IdpError) else None
        words = known.message if known else f"Its {ANSWERS_FILE} cannot be read."
        return Facts(
            tree, failure=Failure("answers-invalid", words, known.hint if known else "Restore it from Git.")
        )
    return Facts(tree, text, answers.source, answers.revision, answers.template, answers.service)
