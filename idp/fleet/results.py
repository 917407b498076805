"""What merging one commit of a service with one template version came to: kept, since neither ever changes.

An interrupted run leaves its finished services here, and the next one goes on with the others.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from idp import __version__
from idp.services.repository import ServiceRevision
from idp.services.update_model import Action, FileChange, State, UpdateReport
from idp.templates.store import TemplateCommit

_FORMAT = 2


@dataclass(frozen=True)
class Result:
    """One merge.

    Attributes:
        edited: how many of the template's files the service had edited or deleted.
        commit: the update's commit; empty where none was made yet.
        tested: the service's own checks passed on that commit.
    """

    report: UpdateReport
    edited: int | None
    commit: str = ""
    tested: bool = False


def key(service: ServiceRevision, older: TemplateCommit, newer: TemplateCommit) -> str:
    parts = [
        __version__,
        _FORMAT,
        service.name,
        service.commit,
        service.tree,
        newer.source,
        older.commit,
        newer.commit,
    ]
    return sha256(json.dumps([*parts, older.name, newer.name]).encode()).hexdigest()[:40]


def load(name: str) -> Result | None:
    try:
        content = json.loads(_file(name).read_bytes())
        return Result(**{**content, "report": _report(content["report"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def save(name: str, result: Result) -> None:
    """Complete or not at all; failing is no error."""
    file = _file(name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".new-", dir=file.parent) as temporary:
            written = Path(temporary) / "result"
            written.write_text(json.dumps(asdict(result)), encoding="ascii")
            written.replace(file)
    except OSError:
        return


def _file(name: str) -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("idp") / "fleet" / "results" / name[:2] / f"{name}.json"


def _report(content: Mapping[str, Any]) -> UpdateReport:
    files = [FileChange(file["path"], Action(file["action"]), file["note"]) for file in content["files"]]
    return UpdateReport(**{**content, "state": State(content["state"]), "files": files})
