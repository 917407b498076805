"""`idp diff`: template drift, file by file: how a service differs from what its template rendered."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from idp.git import trees
from idp.platform.model import ANSWERS_FILE
from idp.services import repository as service_repository
from idp.services import update_merge
from idp.services import update_model as update
from idp.services.template_source import template_source
from idp.templates import store as template_store


class Ownership(StrEnum):
    """How one file stands to the template."""

    TEMPLATE_OWNED = "template-owned"
    EDITED = "edited"
    MISSING = "missing"
    OWN = "own"


@dataclass(frozen=True)
class FileState:
    path: str
    ownership: Ownership


@dataclass(frozen=True)
class Drift:
    """Every file of the service or of the rendering, sorted by path; `diff` goes from the rendering to the service."""

    service: str
    template: str
    version: str
    files: Sequence[FileState]
    diff: str

    @property
    def edited(self) -> int:
        return sum(file.ownership in {Ownership.EDITED, Ownership.MISSING} for file in self.files)


def diff(path: Path, *, platform: str | None = None) -> Drift:
    """Compare HEAD with the recorded template version's rendering. Writes nothing.

    Args:
        path: the service's folder.
        platform: URL or path to read the template from; None: see `template_source`.

    Raises:
        UserError: it is no service, or its template or version is gone.
    """
    service = service_repository.open_service(path)
    recorded = service.answers
    state = template_store.resolve(template_source(recorded, platform), recorded.revision)
    with trees.throwaway(service.git_dir) as store:
        rendered_tree = update_merge.rendered_tree(store, service, state)
        rendered, ours = trees.read_tree(store, rendered_tree), trees.read_tree(store, service.tree)
        shared = {path: None for path in ours if path not in rendered}
        text = trees.diff(store, rendered_tree, trees.edit_tree(store, service.tree, shared))
    files = [
        FileState(path, _ownership(path, rendered, ours)) for path in sorted(rendered.keys() | ours.keys())
    ]
    return Drift(service.name, recorded.source, state.name, files, text)


def _ownership(path: str, rendered: update.Tree, ours: update.Tree) -> Ownership:
    if path not in rendered:
        return Ownership.OWN
    if path not in ours:
        return Ownership.MISSING
    if rendered[path] == ours[path] or path == ANSWERS_FILE:
        return Ownership.TEMPLATE_OWNED
    return Ownership.EDITED
