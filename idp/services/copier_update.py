"""Copier's own update, on a throwaway clone: for templates whose tasks or migrations have to run."""

import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from idp.git import run as git
from idp.git import trees
from idp.git.trees import Conflict, ObjectStore
from idp.platform.model import ANSWERS_FILE
from idp.services.repository import ServiceRevision
from idp.templates.copier import explained
from idp.templates.store import TemplateCommit


@dataclass(frozen=True)
class CopierResult:
    """The service's tree after Copier's update, and the files that Copier left unmerged."""

    tree: str
    conflicts: tuple[Conflict, ...]
    stages: Mapping[str, list[tuple[str, str, int]]]


def run_copier_update(
    store: ObjectStore, service: ServiceRevision, newer: TemplateCommit, data: Mapping[str, Any]
) -> CopierResult:
    """Update a clone of the service and read what came of it.

    Raises:
        AdapterError: the template runs code and the user's Copier settings do not trust it.
        UserError: an answer is missing or refused.
    """
    import copier

    with TemporaryDirectory(prefix="idp-copier-") as temporary:
        clone = Path(temporary) / (service.repository.name or "service")
        git.output("clone", "--quiet", "--shared", "--no-checkout", "--", str(service.git_dir), str(clone))
        git.output("checkout", "--quiet", "--detach", service.commit, cwd=clone)
        folder = clone / service.subfolder
        if service.answers.source != newer.source:
            _readdress(folder, newer.source)
        with explained(newer.source), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            copier.run_update(
                folder,
                dict(data),
                vcs_ref=newer.name,
                defaults=True,
                overwrite=True,
                quiet=True,
                conflict="inline",
            )
        stages = _unmerged(folder)
        rejected = [path for path in folder.rglob("*.rej") if path.is_file()]
        conflicts = dict.fromkeys(stages, "content")
        for path in rejected:
            conflicts[str(path.relative_to(folder)).removesuffix(".rej")] = "rejected"
            path.unlink()
        tree = trees.write_tree(store, folder)
        _bring_objects(store, clone, stages)
        found = tuple(Conflict(path, kind) for path, kind in sorted(conflicts.items()))
        return CopierResult(tree, found, stages)


def _readdress(folder: Path, address: str) -> None:
    """Copier reads the template's address from the answers, and refuses a work tree that is not clean."""
    file = folder / ANSWERS_FILE
    text = file.read_text(encoding="utf-8")
    line = "_src_path: " + json.dumps(address)
    file.write_text(re.sub(r"^_src_path:.*$", lambda _: line, text, flags=re.MULTILINE), encoding="utf-8")
    git.output("commit", "--quiet", "--no-verify", "-am", "address", cwd=folder, env=git.identity(folder))


def _unmerged(folder: Path) -> dict[str, list[tuple[str, str, int]]]:
    listed = git.output("ls-files", "--unmerged", "-z", cwd=folder)
    stages: dict[str, list[tuple[str, str, int]]] = {}
    for line in filter(None, listed.split("\0")):
        meta, _, path = line.partition("\t")
        mode, name, stage = meta.split(" ")
        stages.setdefault(path, []).append((mode, name, int(stage)))
    return stages


def _bring_objects(store: ObjectStore, clone: Path, stages: Mapping[str, list[tuple[str, str, int]]]) -> None:
    """The blobs of unmerged entries, from the clone that is about to go."""
    for entries in stages.values():
        for _, name, _ in entries:
            blob = git.call("cat-file", "blob", name, cwd=clone).stdout
            store.output("hash-object", "-w", "--stdin", stdin=blob)
