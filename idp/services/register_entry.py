"""Put a service into the catalog and the environments: one commit where releases go, or a pull request for it."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import PurePosixPath

from idp.core.errors import AdapterError, IdpError, UserError
from idp.environments import catalog, files, overlay, overlay_files, repository
from idp.environments.catalog import CatalogEntry
from idp.environments.chain import CHAIN_PATH
from idp.environments.overlay_files import OverlayTemplate
from idp.environments.overlay_missing import overlay_template
from idp.environments.repository import Change, Environments
from idp.forges import forge_for
from idp.forges.pull_request import PullRequest
from idp.platform.address import github_name, is_machine_local, same_repository
from idp.releases import promotion_branch
from idp.releases.promotion_branch import PromotionBranch
from idp.releases.promotion_deliver import Place
from idp.releases.trailers import trailers


class RegistrationState(StrEnum):
    """How a service stands to the catalog."""

    REGISTERED = "registered"
    PROPOSED = "proposed"
    PRESENT = "present"
    PLANNED = "planned"


@dataclass(frozen=True)
class Registration:
    """What a registration did, or with the state `planned` would do.

    Attributes:
        entry: path of the catalog entry.
        overlays: paths of the service's files that are added to the environments.
        where: the repository that holds them.
        commit: the new commit, None where nothing was written.
        branch: of the pull request, where the default branch is protected.
        pull_request: its address.
        note: what else a person should know.
    """

    state: RegistrationState
    entry: str
    overlays: Sequence[str]
    where: str
    commit: str | None = None
    branch: str | None = None
    pull_request: str | None = None
    note: str = ""


def refuse_taken_name(place: Place, name: str) -> None:
    """Raise an error if the catalog has the name, or the service could not be called that in an environment.

    Raises:
        UsageError: an environment could not name it so.
        UserError: the name is taken.
    """
    tip = repository.tip(place.environments)
    _environment_names(place.environments, tip, name)
    if _entry_at(place.environments, tip, name) is not None:
        raise _taken(place, name)


def overlays_for(place: Place, name: str) -> list[str]:
    """The paths of the overlays that a service lacks; rendering them shows whether the template is sound."""
    return list(map(str, _missing_overlays(place, repository.tip(place.environments), name)))


def register_entry(place: Place, entry: CatalogEntry, *, new: bool, dry_run: bool = False) -> Registration:
    """Add an entry and the overlays that are missing, in one commit; the same entry again adds nothing.

    Args:
        place: the platform and its environments.
        entry: what the catalog is to say.
        new: the name must not be in the catalog yet.
        dry_run: only say what would be added.

    Raises:
        UserError: the name is another service's; or the branch is protected and no pull request could be opened.
        AdapterError: the repository refuses.
    """
    environments = place.environments
    if dry_run:
        changes = _changes(place, repository.tip(environments), entry, new=new)
        state = RegistrationState.PLANNED if changes else RegistrationState.PRESENT
        return _registration(place, entry, state, changes)
    latest: list[Change] = []

    def decide(tip: str) -> Sequence[Change]:
        latest[:] = _changes(place, tip, entry, new=new)
        return latest

    try:
        published = repository.commit(environments, decide)
    except AdapterError as error:
        if error.code != "push-refused":
            raise
        return _propose(place, entry, error, new=new)
    if not published.commits:
        return _registration(place, entry, RegistrationState.PRESENT, [])
    return _registration(
        place, entry, RegistrationState.REGISTERED, latest, commit=published.tip, note=place.pushed
    )


def _registration(
    place: Place,
    entry: CatalogEntry,
    state: RegistrationState,
    changes: Sequence[Change],
    *,
    commit: str | None = None,
    note: str = "",
) -> Registration:
    path = catalog.entry_path(entry.name)
    files = [str(one) for change in changes for one in change.files if one != path]
    return Registration(state, str(path), files, place.environments.source, commit, note=note)


def _changes(place: Place, tip: str, entry: CatalogEntry, *, new: bool) -> list[Change]:
    present = _entry_at(place.environments, tip, entry.name)
    if present is not None:
        if new:
            raise _taken(place, entry.name)
        _refuse_different(present, entry)
    files = _missing_overlays(place, tip, entry.name)
    if present is None:
        files = {catalog.entry_path(entry.name): catalog.entry_text(entry).encode(), **files}
    return [Change(files, _message(entry.name))] if files else []


def _message(name: str) -> str:
    return f"feat(catalog): add {name}\n\nIdp-Action: register\nIdp-Service: {name}\n"


def _entry_at(environments: Environments, commit: str, name: str) -> bytes | None:
    path = catalog.entry_path(name)
    return repository.read(environments, commit, [path]).get(str(path))


def _taken(place: Place, name: str) -> UserError:
    return UserError(
        "name-taken",
        f"The catalog already has a service `{name}`.",
        f"Choose another name, or look at {catalog.entry_path(name)} in {place.environments.source}.",
    )


def _refuse_different(present: bytes, entry: CatalogEntry) -> None:
    """The template's version is not compared: a service moves on, what was registered stays."""
    listed = catalog.parse_entry(entry.name, present)
    if listed.entry is None:
        failure = listed.failure
        raise UserError(failure.code, failure.message, failure.hint) if failure else AssertionError
    found = listed.entry
    differing = [
        f"{field} is {_shown(found, field)} there and {_shown(entry, field)} here"
        for field in ("repository", "template", "owner", "description")
        if not _is_same(found, entry, field)
    ]
    if differing:
        raise UserError(
            "entry-differs",
            f"The catalog has another service `{entry.name}`: {'; '.join(differing)}.",
            f"Register this one under another name (--name), or correct {catalog.entry_path(entry.name)}.",
        )


def _is_same(one: CatalogEntry, other: CatalogEntry, field: str) -> bool:
    if field == "repository":
        return same_repository(one.repository, other.repository)
    return bool(getattr(one, field) == getattr(other, field))


def _shown(entry: CatalogEntry, field: str) -> str:
    value = getattr(entry, field)
    return "not set" if value is None else ascii(value)[:120]


def _environment_names(environments: Environments, tip: str, service: str) -> tuple[str, ...]:
    """The environments in which a service gets an overlay: those of the platform, if it has any."""
    content = repository.read(environments, tip, [CHAIN_PATH]).get(CHAIN_PATH, b"")
    names = tuple(files.environment_names({"environments.yaml": content}))
    for name in names:
        overlay.folder(name, service)
    return names


def _missing_overlays(place: Place, tip: str, service: str) -> dict[PurePosixPath, bytes]:
    """The overlays' files that are not there yet; none on a platform that is older than overlays are."""
    environments = place.environments
    names = _environment_names(environments, tip, service)
    if not names:
        return {}
    try:
        template = overlay_template(place.platform, environments, tip)
    except UserError:
        return {}
    present = {
        path
        for name in names
        for path in repository.listing(environments, tip, overlay.folder(name, service))
    }
    files = _rendered(template, service, names)
    return {path: content for path, content in files.items() if str(path) not in present}


@lru_cache(maxsize=8)
def _rendered(
    template: OverlayTemplate, service: str, names: tuple[str, ...]
) -> Mapping[PurePosixPath, bytes]:
    return overlay_files.service_files(template, service, names)


def _propose(place: Place, entry: CatalogEntry, refusal: AdapterError, *, new: bool) -> Registration:
    """The same commit on a branch of its own, with one pull request.

    Args:
        place: the platform and its environments.
        entry: what the catalog is to say.
        refusal: why it could not go onto the default branch.
        new: see `register_entry`.
    """
    environments, branch = place.environments, f"idp/register-{entry.name}"
    for _ in repository.attempts(environments):
        repository.refresh(environments)
        tip = repository.tip(environments)
        changes = _changes(place, tip, entry, new=new)
        if not changes:
            return _registration(place, entry, RegistrationState.PRESENT, [])
        head = _head(place, entry, branch, tip, changes, new=new, refusal=refusal)
        if head is not None:
            done = _registration(place, entry, RegistrationState.PROPOSED, changes, commit=head)
            return _opened(environments, entry, branch, done)
    raise AssertionError  # attempts ends with an error of its own


def _head(
    place: Place,
    entry: CatalogEntry,
    branch: str,
    tip: str,
    changes: Sequence[Change],
    *,
    new: bool,
    refusal: AdapterError,
) -> str | None:
    """The branch's commit that adds the entry; None if somebody else moved the branch meanwhile."""
    environments = place.environments
    found = promotion_branch.find(environments, branch, tip)
    if found is not None:
        _refuse_foreign(environments, entry, branch, found, new=new)
        if set(found.paths) == {str(path) for change in changes for path in change.files}:
            return found.tip
    try:
        return repository.put_branch(environments, branch, found.tip if found else None, tip, changes)
    except AdapterError as error:
        if error.code != "push-refused":
            raise
        raise AdapterError(
            refusal.code,
            refusal.message,
            "You need to be allowed to push a branch there; then run `idp register` in the service's folder.",
        ) from error


def _refuse_foreign(
    environments: Environments, entry: CatalogEntry, branch: str, found: PromotionBranch, *, new: bool
) -> None:
    own = all(trailers(message).get("Idp-Service") == entry.name for message in found.messages)
    if found.base is None or not own:
        raise UserError(
            "branch-foreign",
            f"`{branch}` holds commits that are not idp's own.",
            "Merge or close its pull request and delete the branch, then run `idp register` again.",
        )
    waiting = _entry_at(environments, found.tip, entry.name)
    if waiting is None:
        return
    if new:
        raise UserError(
            "name-taken",
            f"A pull request (`{branch}`) already adds a service `{entry.name}` to the catalog.",
            "Choose another name.",
        )
    _refuse_different(waiting, entry)


def _opened(environments: Environments, entry: CatalogEntry, branch: str, done: Registration) -> Registration:
    text = f"Adds `{entry.name}` ({entry.repository}) to the catalog, and its overlays to the environments.\n"
    wanted = PullRequest(
        environments.source, branch, environments.branch, f"feat(catalog): add {entry.name}", text
    )
    try:
        opened = forge_for(environments.source).open_or_refresh(wanted)
    except IdpError as error:
        raise UserError(
            "pull-request-not-opened",
            f"`{environments.branch}` of {environments.source} is protected; the entry is on its branch `{branch}`, "
            f"but no pull request could be opened: {error.message}",
            _by_hand(environments, branch),
        ) from error
    note = f"`{environments.branch}` is protected: the entry counts once the pull request is merged."
    return replace(done, branch=branch, pull_request=opened.url, note=note)


def _by_hand(environments: Environments, branch: str) -> str:
    name = None if is_machine_local(environments.source) else github_name(environments.source)
    if name is None:
        return f"Open a pull request of `{branch}` into `{environments.branch}`."
    words = ["gh", "pr", "create", "--repo", name, "--head", branch, "--base", environments.branch, "--fill"]
    return shlex.join(words)
