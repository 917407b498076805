"""The work of an update between two template states: render both, merge, compare. Writes objects, nothing else."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from idp.git import trees
from idp.git.trees import Conflict, ObjectStore
from idp.platform.model import ANSWERS_FILE
from idp.services import copier_update
from idp.services import update_model as update
from idp.services.repository import ServiceRevision
from idp.services.update_model import FileChange, Trees
from idp.templates import rendering as template_render
from idp.templates.answers import refuse_unknown_answers
from idp.templates.rendering import Rendering
from idp.templates.store import TemplateCommit

Stages = Mapping[str, Sequence[tuple[str, str, int]]]


@dataclass(frozen=True)
class Outcome:
    """What an update comes to.

    Attributes:
        tree: the service's own tree afterwards, markers in what conflicts; the present one for a no-op.
        files: the report.
        stages: conflicting path → index entries.
        sides: what conflict markers call ours and theirs.
        is_no_op: both states render to the same files.
        edited: how many of the older state's files the service has edited or deleted; None where not counted.
    """

    tree: str
    files: tuple[FileChange, ...]
    stages: Stages
    sides: tuple[str, str]
    is_no_op: bool
    edited: int | None = None


def merge_update(
    store: ObjectStore,
    service: ServiceRevision,
    older: TemplateCommit,
    newer: TemplateCommit,
    *,
    data: Mapping[str, Any] | None = None,
    ask: bool = False,
) -> Outcome:
    """Merge what changed between two states of the template into a service.

    Args:
        store: where objects are read and written.
        service: the service at the commit to update.
        older: the state that it was made from.
        newer: the state to bring it to.
        data: answers that override the recorded ones.
        ask: ask new questions on the terminal.
    """
    ours = trees.read_tree(store, service.tree)
    with TemporaryDirectory(prefix="idp-update-") as folder:
        target = _render(newer, service, Path(folder, "target"), list(ours), data=data, ask=ask)
        refuse_unknown_answers(data or {}, target.questions)
        base = _render(older, service, Path(folder, "base"), [], exclude=target.exclude)
        base_tree = trees.write_tree(store, base.folder)
        target_tree = trees.write_tree(store, target.folder)
    rendered = Trees(
        base=trees.read_tree(store, base_tree),
        target=trees.read_tree(store, target_tree),
        ours=ours,
        result=ours,
    )
    same_address = service.answers.source == newer.source
    if same_address and not update.differing(rendered.base, rendered.target) - {ANSWERS_FILE}:
        outcome = Outcome(service.tree, (), {}, ("", ""), is_no_op=True)
    elif template_render.runs_code(older) or template_render.runs_code(newer):
        outcome = _by_copier(store, service, newer, rendered, data or {})
    else:
        outcome = _merge(store, service.tree, rendered, (base_tree, target_tree), target.kept)
    return replace(outcome, edited=len(update.edited(rendered.base, ours) - {ANSWERS_FILE}))


def _by_copier(
    store: ObjectStore,
    service: ServiceRevision,
    newer: TemplateCommit,
    rendered: Trees,
    data: Mapping[str, Any],
) -> Outcome:
    """Copier's own update, with its silent losses reported as conflicts."""
    done = copier_update.run_copier_update(store, service, newer, data)
    final = replace(rendered, result=trees.read_tree(store, done.tree))
    lost = update.overwritten(final) - {ANSWERS_FILE}
    conflicts = [
        *done.conflicts,
        *(Conflict(path, "Copier would overwrite your edit") for path in sorted(lost)),
    ]
    files = update.changes(final, conflicts, ())
    return Outcome(done.tree, files, done.stages, ("", ""), is_no_op=False)


def rendered_tree(store: ObjectStore, service: ServiceRevision, state: TemplateCommit) -> str:
    """The tree that a state of the template renders to with the service's answers."""
    with TemporaryDirectory(prefix="idp-render-") as folder:
        return trees.write_tree(store, _render(state, service, Path(folder), []).folder)


def _merge(
    store: ObjectStore, ours_tree: str, rendered: Trees, names: tuple[str, str], kept: frozenset[str]
) -> Outcome:
    ours = rendered.ours
    protected: dict[str, tuple[str, str] | None] = {path: ours.get(path) for path in kept if path in ours}
    recreated: dict[str, tuple[str, str] | None] = {path: None for path in kept if path not in ours}
    # The answers are the new rendering's own: they were read from the service's file to begin with.
    base_edits = {**protected, **recreated, ANSWERS_FILE: ours.get(ANSWERS_FILE)}
    base = trees.edit_tree(store, names[0], base_edits)
    target = trees.edit_tree(store, names[1], protected)
    merged = trees.merge(store, base, ours_tree, target)
    deleted = [item for item in merged.conflicts if update.stays_deleted(item, rendered.base, ours)]
    tree = trees.edit_tree(store, merged.tree, {item.path: None for item in deleted})
    conflicts = [item for item in merged.conflicts if item not in deleted]
    final = replace(rendered, result=trees.read_tree(store, tree))
    files = update.changes(final, conflicts, protected.keys())
    stages = {item.path: merged.stages[item.path] for item in conflicts}
    return Outcome(tree, files, stages, merged.sides, is_no_op=False)


def _render(
    state: TemplateCommit,
    service: ServiceRevision,
    workspace: Path,
    candidates: Sequence[str],
    *,
    data: Mapping[str, Any] | None = None,
    ask: bool = False,
    exclude: Sequence[str] = (),
) -> Rendering:
    """A rendering from the user's cache, made if need be; one that asked questions is not kept."""
    destination = workspace / ((service.repository / service.subfolder).name or service.name)
    cached = _cache_folder(state, service, destination.name, candidates, data or {}, exclude)
    if not ask and (found := _cached(cached)):
        return found
    rendering = template_render.render_version(
        state,
        destination,
        answers=service.answers_text,
        answers_file=ANSWERS_FILE,
        data=data,
        ask=ask,
        exclude=exclude,
        candidates=candidates,
    )
    if not ask:
        _keep(rendering, cached)
    return rendering


def _cache_folder(
    state: TemplateCommit,
    service: ServiceRevision,
    folder_name: str,
    candidates: Sequence[str],
    data: Mapping[str, Any],
    exclude: Sequence[str],
) -> Path:
    from platformdirs import user_cache_path

    parts = [state.source, state.commit, state.name, service.answers_text, folder_name, sorted(candidates)]
    key = json.dumps([*parts, sorted(data.items()), list(exclude)], default=str)
    return user_cache_path("idp") / "renderings" / hashlib.sha256(key.encode()).hexdigest()[:40]


def _cached(folder: Path) -> Rendering | None:
    try:
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Rendering(
        folder=folder / "files",
        answers_file=facts["answers_file"],
        kept=frozenset(facts["kept"]),
        exclude=tuple(facts["exclude"]),
        questions=frozenset(facts["questions"]),
    )


def _keep(rendering: Rendering, folder: Path) -> None:
    """Put a rendering into the cache, complete or not at all; a cache that cannot be written is none."""
    facts = {
        "answers_file": rendering.answers_file,
        "kept": sorted(rendering.kept),
        "exclude": list(rendering.exclude),
        "questions": sorted(rendering.questions),
    }
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".new-", dir=folder.parent) as temporary:
            entry = Path(temporary) / "entry"
            entry.mkdir()
            shutil.copytree(rendering.folder, entry / "files", symlinks=True)
            (entry / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
            entry.rename(folder)
    except OSError:
        return
