"""Overlays as the platform's `copier-templates/_overlay` renders them."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from idp.core.errors import AdapterError
from idp.environments import overlay
from idp.git import run as git
from idp.platform.model import TEMPLATES_FOLDER
from idp.templates import rendering as template_render

TEMPLATE = f"{TEMPLATES_FOLDER}/_overlay"
_FILE_MODES = frozenset({"100644", "100755"})


@dataclass(frozen=True)
class OverlayTemplate:
    """The template at one state: the name of its Git tree, and the folder that has its files."""

    tree: str
    folder: Path


def template(repository: Path, revision: str = "HEAD") -> OverlayTemplate | None:
    """A platform's overlay template; None if the platform is older than overlays are.

    Args:
        repository: a work tree or a bare repository.
        revision: of which commit.

    Raises:
        AdapterError: the cache cannot be written, or the template holds something else than files.
    """
    found = git.call("rev-parse", "--verify", "--quiet", f"{revision}:{TEMPLATE}", cwd=repository)
    if found.exit_code != 0:
        return None
    tree = found.stdout.strip()
    return OverlayTemplate(tree, _checkout(repository, tree))


def _checkout(repository: Path, tree: str) -> Path:
    """The template's files in the user's cache: complete or absent."""
    from platformdirs import user_cache_path

    folder = user_cache_path("idp") / "overlays" / tree
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as temporary:
            fresh = Path(temporary, "files")
            _write(fresh, _content(repository, tree))
            try:
                fresh.rename(folder)
            except OSError:
                if not folder.is_dir():  # another process was first: its copy is as good
                    raise
    except OSError as error:
        raise AdapterError(
            "cache-unwritable",
            f"{folder} cannot be written: {error.strerror}.",
            "Set XDG_CACHE_HOME to a folder that can.",
        ) from error
    return folder


def _content(repository: Path, tree: str) -> dict[str, bytes]:
    listed = git.output("ls-tree", "-r", "-z", "--full-tree", tree, cwd=repository)
    wanted: dict[str, str] = {}
    for line in filter(None, listed.split("\0")):
        meta, _, path = line.partition("\t")
        mode, _, name = meta.split()
        if mode not in _FILE_MODES or ".." in PurePosixPath(path).parts:
            raise AdapterError(
                "overlay-template-invalid",
                f"{TEMPLATE}/{path} is no plain file.",
                "Replace it by a file: symbolic links and submodules cannot be rendered.",
            )
        wanted[path] = name
    git_dir = git.output("rev-parse", "--absolute-git-dir", cwd=repository)
    return git.blobs(wanted, env={"GIT_DIR": git_dir})


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def service_files(
    source: OverlayTemplate, service: str, environments: Sequence[str]
) -> dict[PurePosixPath, bytes]:
    """The overlays of a service, without a release: path in the environments repository → content.

    Raises:
        UsageError: a name is none.
        AdapterError: the template is broken, or needs trust.
    """
    folders = {name: overlay.folder(name, service) for name in environments}
    files: dict[PurePosixPath, bytes] = {}
    for name, folder in folders.items():
        data = {"part": "service", "environment": name, "service_name": service}
        files |= {folder / path: content for path, content in _rendered(source, data).items()}
    return {path: content for path, content in files.items() if path.name != overlay.PIN_FILE}


def environment_files(source: OverlayTemplate, environment: str) -> dict[PurePosixPath, bytes]:
    """An environment's own files, as `service_files`."""
    folder = overlay.environment_folder(environment)
    data = {"part": "environment", "environment": environment}
    return {folder / path: content for path, content in _rendered(source, data).items()}


def _rendered(source: OverlayTemplate, data: Mapping[str, str]) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="idp-overlay-") as temporary:
        root = Path(temporary, "files")
        template_render.render_folder(source.folder, source.tree, root, data)
        found = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}
