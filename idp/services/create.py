"""`idp create service`: a new repository from a template, complete or absent, and its catalog entry."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from idp.core import names
from idp.core.errors import AdapterError, UserError
from idp.environments import catalog, overlay, overlay_files
from idp.environments import files as environment_files
from idp.environments.chain import CHAIN_PATH
from idp.git import run as git
from idp.platform.find import find_platform
from idp.platform.model import Platform, looks_like_url, refuse_credentials
from idp.templates import answers as service
from idp.templates import copier as templates
from idp.templates import version as template_version

_TEMPORARY_PREFIX = ".idp-create-"
_STALE_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Source:
    """A template, resolved: what Copier reads, its exact version, the answers that choose it."""

    url: str
    revision: str | None
    template: str
    fixed_answers: Mapping[str, str]
    platform: Platform | None


@dataclass(frozen=True)
class Created:
    """What was created, or with `dry_run` would be.

    Attributes:
        overlays: paths of the service's files in the platform's environments.
    """

    name: str
    path: Path
    template: str
    template_version: str | None
    source: str
    files: Sequence[str]
    catalog_entry: str | None
    identity_known: bool = True
    dry_run: bool = False
    overlays: Sequence[str] = ()


def create(
    name: str,
    *,
    template: str = "fastapi",
    version: str | None = None,
    data: Sequence[str] = (),
    output_dir: Path = Path(),
    platform: str | None = None,
    ask: bool = False,
    dry_run: bool = False,
    beside_git: Callable[[], object] = lambda: None,
) -> Created:
    """Create a service.

    Args:
        name: the service's name and its folder's.
        template: a template of the platform, or any Copier URL or path.
        version: exact template version; None takes the newest release.
        data: `NAME=VALUE` answers.
        output_dir: existing folder in which the service's own folder is made.
        platform: URL or path of the platform; None looks for it.
        ask: ask for missing answers on the terminal.
        dry_run: render, report, leave nothing behind.
        beside_git: called in a thread while Git makes the first commit, for what the caller needs soon.

    Raises:
        UsageError: the name or an answer is not acceptable.
        UserError: the destination or the name is taken, the template or version unknown, an answer missing.
        AdapterError: Git or Copier failed.
    """
    from concurrent.futures import ThreadPoolExecutor

    names.validate_service(name)
    given = service.parse_answers(data)
    destination = _free_destination(output_dir, name)
    templates.preload()
    source = _resolve(template, version, platform, Path.cwd())
    answers = service.merge_answers(given, {service.ANSWER_NAME: name, **source.fixed_answers})
    checkout = source.platform.checkout if source.platform else None
    _refuse_taken_name(checkout, name)
    environments = _environments(checkout, name)
    with _workspace(destination.parent, dry_run=dry_run) as workspace:
        rendered = _render(source, workspace / name, answers, given, ask=ask)
        files = _listing(rendered.folder)
        created = Created(name, destination, source.template, rendered.commit, source.url, files, None)
        entry = str(catalog.entry_path(name)) if checkout else None
        if dry_run:
            overlays = _overlays(checkout, name, environments)
            listed = [str(path) for path in overlays]
            return replace(created, catalog_entry=entry, overlays=listed, dry_run=True)
        with ThreadPoolExecutor(1) as beside:
            rendering = beside.submit(_overlays, checkout, name, environments)
            beside.submit(beside_git)
            known = git.create_repository(rendered.folder, _first_message(name, source, rendered.commit))
        overlays = rendering.result()
        _move_into_place(rendered.folder, destination)
    if checkout:
        _register(checkout, name, source, rendered, destination, overlays)
    listed = [str(path) for path in overlays]
    return replace(created, catalog_entry=entry, overlays=listed, identity_known=known)


def _free_destination(output_dir: Path, name: str) -> Path:
    folder = output_dir.expanduser().absolute()
    if not folder.is_dir():
        raise UserError(
            "output-dir-missing", f"{folder} is no folder.", "Create it, or give another --output-dir."
        )
    destination = folder.resolve() / name
    if destination.exists() or destination.is_symlink():
        raise UserError(
            "destination-exists",
            f"{destination} exists.",
            "Choose another name or --output-dir; nothing was written.",
        )
    return destination


def _resolve(template: str, version: str | None, platform: str | None, folder: Path) -> Source:
    if looks_like_url(template) or "/" in template or template in {".", ".."} or "\\" in template:
        url = (
            refuse_credentials(template)
            if looks_like_url(template)
            else str((folder / Path(template).expanduser()).resolve())
        )
        return Source(url, _revision(url, version), template, {}, None)
    found = find_platform(platform, folder)
    revision = _revision(found.source, version)
    if found.is_local:
        _refuse_unknown_template(template, templates.available(found.source, revision or "HEAD"))
    return Source(found.source, revision, template, {service.ANSWER_TEMPLATE: template}, found)


def _revision(url: str, version: str | None) -> str | None:
    """An exact tag, else the commit that the newest state is; None for a folder that Git does not track."""
    if not looks_like_url(url) and not git.is_repository(Path(url)):
        if not Path(url).is_dir():
            raise UserError(
                "template-missing", f"{url} is no folder.", "Give a template's name, or a Copier URL or path."
            )
        if version is not None:
            raise UserError(
                "template-unversioned", f"{url} is no Git repository.", "Leave out --template-version."
            )
        return None
    return template_version.choose(git.tags(url), version) or git.head(url)


def _refuse_unknown_template(template: str, available: Mapping[str, str]) -> None:
    if template not in available:
        raise UserError(
            "template-unknown",
            f"The platform has no template {template!a}.",
            f"It has: {', '.join(sorted(available))}. A path needs a slash: ./{template[:40]}",
        )


def _refuse_taken_name(checkout: Path | None, name: str) -> None:
    if checkout and (checkout / catalog.entry_path(name)).exists():
        raise UserError(
            "name-taken",
            f"The catalog already has a service `{name}`.",
            f"Choose another name, or look at {catalog.entry_path(name)}.",
        )


def _environments(checkout: Path | None, name: str) -> list[str]:
    """The environments in which the service gets an overlay: those of the platform, if it has any.

    Raises:
        UsageError: the service could not be called that there.
    """
    try:
        chain = (checkout / CHAIN_PATH).read_bytes() if checkout else b""
    except OSError:
        chain = b""
    names = environment_files.environment_names({"environments.yaml": chain})
    for environment in names:
        overlay.folder(environment, name)
    return names


def _overlays(checkout: Path | None, name: str, environments: Sequence[str]) -> dict[PurePosixPath, str]:
    """The overlays that are not there yet; none on a platform that is older than overlays are."""
    template = overlay_files.template(checkout) if checkout and environments else None
    if checkout is None or template is None:
        return {}
    files = overlay_files.service_files(template, name, environments)
    return {path: content.decode() for path, content in files.items() if not (checkout / path).exists()}


@contextmanager
def _workspace(parent: Path, *, dry_run: bool) -> Iterator[Path]:
    """A temporary folder, on the destination's own file system unless nothing is going to be moved."""
    if not dry_run:
        _remove_stale(parent)
    try:
        temporary = tempfile.TemporaryDirectory(prefix=_TEMPORARY_PREFIX, dir=None if dry_run else parent)
    except OSError as error:
        raise AdapterError(
            "output-dir-unwritable",
            f"{parent} cannot be written: {error.strerror}.",
            "Give another --output-dir.",
        ) from error
    with temporary as folder:
        yield Path(folder)


def _remove_stale(parent: Path) -> None:
    """What an earlier `idp create` left behind when it was killed."""
    for leftover in parent.glob(f"{_TEMPORARY_PREFIX}*"):
        if (
            leftover.is_dir()
            and not leftover.is_symlink()
            and time.time() - leftover.stat().st_mtime > _STALE_SECONDS
        ):
            shutil.rmtree(leftover, ignore_errors=True)


def _render(
    source: Source, folder: Path, answers: Mapping[str, str], given: Mapping[str, str], *, ask: bool
) -> templates.Rendered:
    rendered = templates.render(source.url, source.revision, folder, answers, ask=ask)
    service.refuse_unknown_answers(given, rendered.questions)
    return rendered


def _listing(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    )


def _first_message(name: str, source: Source, commit: str | None) -> str:
    return f"feat: create {name} from {source.template} {commit or ''}".rstrip()


def _move_into_place(folder: Path, destination: Path) -> None:
    try:
        folder.rename(destination)
    except OSError as error:
        raise UserError(
            "destination-exists", f"{destination} came into being meanwhile.", "Choose another name."
        ) from error


def _register(
    checkout: Path,
    name: str,
    source: Source,
    rendered: templates.Rendered,
    destination: Path,
    overlays: Mapping[PurePosixPath, str],
) -> None:
    """The catalog entry and the overlays in one commit."""
    repository = catalog.sibling_repository(git.remote_url(checkout), name, str(destination))
    entry = catalog.CatalogEntry(
        name=name,
        repository=repository,
        template=source.template,
        template_version=rendered.commit,
        owner=_text(rendered.answers.get("owner")),
        description=_text(rendered.answers.get("description")),
    )
    files = {catalog.entry_path(name): catalog.entry_text(entry), **overlays}
    git.commit_new_files(checkout, files, f"feat(catalog): add {name}")


def _text(answer: object) -> str | None:
    return answer if isinstance(answer, str) else None
