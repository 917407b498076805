"""`idp create service`: a new repository from a template, complete or absent, and its catalog entry."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from idp.core import names
from idp.core.errors import AdapterError, Failure, IdpError, UserError
from idp.environments import catalog
from idp.environments import source as environments_source
from idp.environments.find import environments_platform, find_environments
from idp.git import run as git
from idp.platform.address import is_machine_local
from idp.platform.find import find_platform, is_bundled
from idp.platform.model import Platform, looks_like_url, refuse_credentials
from idp.releases.promotion_deliver import Place
from idp.services.create_steps import next_commands
from idp.services.register_entry import Registration, overlays_for, refuse_taken_name, register_entry
from idp.templates import answers as service
from idp.templates import copier as templates
from idp.templates import store as template_store
from idp.templates import version as template_version
from idp.templates.rendering import render_new
from idp.templates.store import TemplateCommit, TemplateSource

_TEMPORARY_PREFIX = ".idp-create-"
_STALE_SECONDS = 24 * 3600
_REACHED_WITHIN = 20.0
"""Seconds after which a platform's remote counts as unreachable."""


@dataclass(frozen=True)
class Source:
    """A template, resolved.

    Attributes:
        url: what the answers record.
        revision: its exact version; None for a folder that Git does not track.
        template: its name, or what was given for it.
        fixed_answers: the answers that choose it.
        platform: the platform that it is of; None for a template of its own.
        state: the platform's state that is rendered.
        place: where the service is registered; None where it is not, or cannot be now.
        unreachable: why the platform's remote could not be asked.
        notes: what a person should know about the version, a sentence each.
    """

    url: str
    revision: str | None
    template: str
    fixed_answers: Mapping[str, str]
    platform: Platform | None = None
    state: TemplateCommit | None = None
    place: Place | None = None
    unreachable: AdapterError | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Created:
    """What was created, or with `dry_run` would be.

    Attributes:
        source: the template's address, as the answers record it.
        catalog_entry: path of the entry in the platform's catalog; None where it was not registered.
        overlays: paths of the service's files in the platform's environments.
        registration: where the entry is.
        repository: where the service is expected to live; None where the platform does not say.
        failure: why it could not be registered.
        notes: what else a person should know, a sentence each.
        next_commands: what to type next, in order: the command, and why.
    """

    name: str
    path: Path
    template: str
    template_version: str | None
    source: str
    files: Sequence[str]
    catalog_entry: str | None = None
    identity_known: bool = True
    dry_run: bool = False
    overlays: Sequence[str] = ()
    registration: Registration | None = None
    repository: str | None = None
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    next_commands: Sequence[tuple[str, str]] = ()


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
    """Create a service, and register it where it is created in a platform's checkout.

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
    names.validate_service(name)
    given = service.parse_answers(data)
    destination = _free_destination(output_dir, name)
    templates.preload()
    source = _resolve(template, version, platform, Path.cwd())
    answers = service.merge_answers(given, {service.ANSWER_NAME: name, **source.fixed_answers})
    if source.place:
        refuse_taken_name(source.place, name)
    with _workspace(destination.parent, dry_run=dry_run) as workspace:
        rendered = _render(source, workspace / name, answers, given, ask=ask)
        created = _created(name, destination, source, rendered)
        if dry_run:
            return _planned(created, source)
        known = _first_commit(rendered, created, source, beside_git)
        _move_into_place(rendered.folder, destination)
    return _registered(replace(created, identity_known=known), source, rendered)


def verdict(created: Created) -> IdpError | None:
    """The error that says why a service could not be registered, None where all is done."""
    failure = created.failure
    return UserError(failure.code, failure.message, failure.hint) if failure else None


def _created(name: str, destination: Path, source: Source, rendered: templates.Rendered) -> Created:
    repository = None
    if source.platform is not None and not is_bundled(source.platform):
        repository = catalog.sibling_repository(source.platform.address, name, str(destination))
    return Created(
        name=name,
        path=destination,
        template=source.template,
        template_version=rendered.commit,
        source=source.url,
        files=_listing(rendered.folder),
        repository=repository,
        notes=(*source.notes, *_only_here(source)),
    )


def _only_here(source: Source) -> tuple[str, ...]:
    """That nobody else can update the service, where its template has no address that others can use."""
    if not is_machine_local(source.url):
        return ()
    carried = source.platform is not None and is_bundled(source.platform)
    how = (
        "make a platform with `idp init`, push it to a remote, then correct it: idp update --platform URL"
        if carried
        else "push the platform to a remote (git remote add origin URL), then correct it: idp update"
    )
    return (
        f"The service can be updated on this machine only: its template is {source.url}. To change that, {how}",
    )


def _planned(created: Created, source: Source) -> Created:
    if source.place is None:
        return replace(created, dry_run=True)
    entry, overlays = str(catalog.entry_path(created.name)), overlays_for(source.place, created.name)
    return replace(created, catalog_entry=entry, overlays=overlays, dry_run=True)


def _first_commit(
    rendered: templates.Rendered, created: Created, source: Source, beside_git: Callable[[], object]
) -> bool:
    """Commit what was rendered; beside it the overlays are, so that a broken template shows in time."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as beside:
        rendering = beside.submit(overlays_for, source.place, created.name) if source.place else None
        beside.submit(beside_git)
        message = f"feat: create {created.name} from {created.template} {rendered.commit or ''}".rstrip()
        known = git.create_repository(rendered.folder, message)
    if rendering is not None:
        rendering.result()
    return known


def _registered(created: Created, source: Source, rendered: templates.Rendered) -> Created:
    """The service is there; whatever goes wrong with its registration is part of the result."""
    if source.platform is None or source.platform.checkout is None:
        return _with_steps(created, source)
    if source.place is None:
        return _with_steps(replace(created, failure=_not_registered(created, source.unreachable)), source)
    entry = catalog.CatalogEntry(
        name=created.name,
        repository=created.repository or str(created.path),
        template=source.template,
        template_version=rendered.commit,
        owner=_text(rendered.answers.get("owner")),
        description=_text(rendered.answers.get("description")),
    )
    try:
        done = register_entry(source.place, entry, new=True)
    except IdpError as error:
        return _with_steps(replace(created, failure=_not_registered(created, error)), source)
    created = replace(created, catalog_entry=done.entry, overlays=done.overlays, registration=done)
    return _with_steps(created, source)


def _with_steps(created: Created, source: Source) -> Created:
    failure, platform = created.failure, source.platform
    elsewhere = platform is not None and platform.checkout is None and not is_bundled(platform)
    again = failure is not None and failure.hint.startswith("idp register")
    taken = failure is not None and failure.code == "name-taken"
    repository = None if taken else created.repository
    return replace(
        created, next_commands=next_commands(created.path, repository, register=elsewhere or again)
    )


def _free_destination(output_dir: Path, name: str) -> Path:
    folder = output_dir.expanduser().absolute()
    if not folder.is_dir():
        raise UserError(
            "output-dir-missing", f"{folder} is not a folder.", "Create it, or give another --output-dir."
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
        return Source(url, _revision(url, version), template, {})
    found = find_platform(platform, folder)
    read, place, unreachable = _reached(found)
    state = template_store.resolve(read, template_store.choose(read, version) or "HEAD")
    _refuse_unknown_template(template, templates.available(str(state.repository), state.commit), found)
    return Source(
        url=read.address,
        revision=state.name,
        template=template,
        fixed_answers={service.ANSWER_TEMPLATE: template},
        platform=found,
        state=state,
        place=place,
        unreachable=unreachable,
        notes=_version_notes(read, state, unreachable),
    )


def _reached(platform: Platform) -> tuple[TemplateSource, Place | None, AdapterError | None]:
    """What the platform's remote has and where services are registered; where it cannot be reached, why not.

    Then what the clone on this machine has is as good as it gets.
    """
    holder = environments_platform(platform)
    try:
        for one in dict.fromkeys((platform, holder)):
            environments_source.refuse_unreachable(one, _REACHED_WITHIN)
        place = Place(platform, find_environments(platform)) if platform.checkout else None
        fetched = place.environments.git_dir if place and holder is platform else None
        return template_store.of_platform(platform, fetched), place, None
    except AdapterError as error:
        if not platform.is_local:
            raise
        return template_store.of_clone(platform), None, error


def _version_notes(
    read: TemplateSource, state: TemplateCommit, unreachable: AdapterError | None
) -> tuple[str, ...]:
    if unreachable is not None:
        if is_machine_local(read.address):
            return ()
        return (f"{state.name} comes from the clone on this machine: {read.address} could not be reached.",)
    tag = template_store.newer_unpublished(read)
    if tag is None:
        return ()
    push = template_store.unpublished(read, tag).hint
    return (f"{tag} is newer than {state.name}, but only in {read.checkout}. To use it: {push}",)


def _revision(url: str, version: str | None) -> str | None:
    """An exact tag, else the commit that the newest state is; None for a folder that Git does not track."""
    if not looks_like_url(url) and not git.is_repository(Path(url)):
        if not Path(url).is_dir():
            raise UserError(
                "template-missing",
                f"{url} is not a folder.",
                "Give a template's name, or a Copier URL or path.",
            )
        if version is not None:
            raise UserError(
                "template-unversioned", f"{url} is not a Git repository.", "Leave out --template-version."
            )
        return None
    return template_version.choose(git.tags(url), version) or git.head(url)


def _refuse_unknown_template(template: str, available: Mapping[str, str], platform: Platform) -> None:
    if template not in available:
        here = " A new one is found once it is pushed." if platform.origin else ""
        raise UserError(
            "template-unknown",
            f"The platform has no template {template!a}.",
            f"It has: {', '.join(sorted(available))}.{here} A path needs a slash: ./{template[:40]}",
        )


def _not_registered(created: Created, error: IdpError | None) -> Failure:
    """Why, and what to do: to try again, unless the name is gone or there is a better way."""
    if error is None:
        raise AssertionError
    from shlex import quote

    folder = quote(str(created.path))
    if error.code == "name-taken":
        message = f"{error.message} It was added while {created.path} was made, which is kept."
        return Failure(error.code, message, f"Create it under another name, then: rm -r {folder}")
    message = f"{created.name} was created, but not registered: {error.message}"
    if error.code == "pull-request-not-opened":
        return Failure(error.code, message, error.hint)
    return Failure(error.code, message, f"idp register {folder}")


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
    if source.state is not None:
        rendered = render_new(source.state, folder, answers, ask=ask)
    else:
        rendered = templates.render(source.url, source.revision, folder, answers, ask=ask)
    service.refuse_unknown_answers(given, rendered.questions)
    return rendered


def _listing(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    )


def _move_into_place(folder: Path, destination: Path) -> None:
    try:
        folder.rename(destination)
    except OSError as error:
        raise UserError(
            "destination-exists", f"{destination} was created by another process.", "Choose another name."
        ) from error


def _text(answer: object) -> str | None:
    return answer if isinstance(answer, str) else None
