"""Finds platform repositories on this machine, and lays out the one that the package carries."""

import os
import shutil
import tempfile
from pathlib import Path

from idp import __version__
from idp.core.errors import AdapterError
from idp.git import run as git
from idp.platform.model import ANSWERS_FILE, TEMPLATES_FOLDER

_MARKERS = ("copier.yml", TEMPLATES_FOLDER)
BUNDLED_PATHS = (
    "copier.yml",
    TEMPLATES_FOLDER,
    "environments",
    "workflows",
    ".github/workflows",
    "requirements.txt",
)
"""What makes a platform repository, beside this package, which its workflows run: so both have one version."""
PLACEHOLDER = "example-org/idp-lite"
"""Stands for the platform's GitHub repository until it has one."""
_TOOL_ONLY = frozenset({"ci.yml", "release.yml", "__pycache__", "_platform"})
_PACKAGE = Path(__file__).resolve().parent.parent


def is_checkout(folder: Path) -> bool:
    """Whether a folder is a platform repository's work tree."""
    return (folder / _MARKERS[0]).is_file() and (folder / _MARKERS[1]).is_dir() and (folder / ".git").exists()


def enclosing_checkout(folder: Path) -> Path | None:
    """The platform checkout that holds a folder, None outside of any."""
    return next((parent for parent in (folder, *folder.parents) if is_checkout(parent)), None)


def enclosing_service(folder: Path) -> Path | None:
    """The folder of the service that holds a folder, None outside of any that a template made."""
    return next((parent for parent in (folder, *folder.parents) if (parent / ANSWERS_FILE).is_file()), None)


def enclosing_service_source(folder: Path) -> str | None:
    """`_src_path` of the service that holds a folder, None outside of any."""
    service = enclosing_service(folder)
    return _source_of(service / ANSWERS_FILE) if service else None


def _source_of(answers: Path) -> str | None:
    import yaml

    try:
        content = yaml.safe_load(answers.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    source = content.get("_src_path") if isinstance(content, dict) else None
    return source if isinstance(source, str) else None


def bundle() -> Path:
    """The platform content that came with the package: a folder of it, or the source checkout it runs from.

    Raises:
        AdapterError: the installation carries none.
    """
    for folder in (_PACKAGE / "_platform", _PACKAGE.parent):
        if (folder / _MARKERS[0]).is_file() and (folder / _MARKERS[1]).is_dir():
            return folder
    raise AdapterError(
        "bundle-missing",
        "This installation of idp carries no platform.",
        "Reinstall it, or name a platform with --platform or IDP_PLATFORM.",
    )


def bundled_repository() -> Path:
    """The bundled platform as a local repository, tagged with the package's version, laid out once.

    A source checkout is such a repository already.
    """
    from platformdirs import user_data_path

    content = bundle()
    if is_checkout(content):
        return content
    repository = user_data_path("idp") / "platform" / f"v{__version__}"
    if not is_checkout(repository):
        lay_out(repository)
    return repository


def lay_out(destination: Path, repository: str = PLACEHOLDER) -> bool:
    """Make a platform repository from the bundled content, in one rename.

    Args:
        destination: a folder that does not exist yet.
        repository: `org/repo` on GitHub that stands for the placeholder in workflows and questions.

    Returns:
        Whether Git knew who the user is (otherwise the first commit carries a fallback identity).

    Raises:
        AdapterError: the destination exists, or cannot be written.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{destination.name}-", dir=destination.parent) as temporary:
        folder = Path(temporary) / destination.name
        copy_content(bundle(), folder)
        _name_repository(folder, repository)
        known = git.create_repository(
            folder, f"feat: platform from idp-lite {__version__}", f"v{__version__}"
        )
        try:
            folder.rename(destination)
        except OSError as error:
            if not is_checkout(destination):
                raise AdapterError(
                    "destination-exists", f"{destination} exists.", "Choose a folder that does not exist yet."
                ) from error
    return known


def _name_repository(folder: Path, repository: str) -> None:
    """Workflows call their own actions by the repository's full name, which GitHub offers no variable for."""
    if repository == PLACEHOLDER:
        return
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            before = path.read_bytes()
            after = before.replace(PLACEHOLDER.encode(), repository.encode())
            if after != before:
                path.write_bytes(after)


def content() -> list[str]:
    """The paths that a new platform repository holds, sorted."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "platform"
        copy_content(bundle(), folder)
        paths = (path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
        return sorted(str(path.relative_to(folder)) for path in paths)


def copy_content(content: Path, folder: Path) -> None:
    """Copy what makes a platform repository, symlinks as symlinks."""
    folder.mkdir()
    for source, name in [(_PACKAGE, "idp"), *((content / name, name) for name in BUNDLED_PATHS)]:
        target = folder / name
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, ignore=lambda _, names: _TOOL_ONLY & set(names))
        elif os.path.lexists(source):
            shutil.copy2(source, target)
    _link_workflows(folder)


def _link_workflows(folder: Path) -> None:
    """A wheel carries no symlinks: `workflows/x.yml` arrives as a copy of the file that it points to."""
    for real in (folder / ".github/workflows").glob("*.yml"):
        shown = folder / "workflows" / real.name
        if shown.exists() and not shown.is_symlink():
            shown.unlink()
            shown.symlink_to(Path("../.github/workflows") / real.name)
