"""`idp env list|show|check|add|remove`: the chain of environments, and which services they have."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from idp.core.errors import ChecksFailed, UsageError, UserError
from idp.environments import catalog, overlay, overlay_files
from idp.environments import chain_edit as environments_edit
from idp.environments import files as environment_files
from idp.environments import repository as environments_repository
from idp.environments import view as environment_view
from idp.environments.chain import CHAIN_PATH, Chain, parse_chain
from idp.environments.find import find_environments
from idp.environments.overlay import OverlayFault
from idp.environments.overlay_check import overlay_faults
from idp.environments.overlay_missing import overlay_missing, overlay_template
from idp.environments.repository import Change, Environments
from idp.environments.view import EnvironmentView
from idp.platform.find import find_platform
from idp.platform.model import Platform


@dataclass(frozen=True)
class EnvironmentList:
    """The chain of a repository (`source`), in order."""

    source: str
    environments: Sequence[EnvironmentView]


@dataclass(frozen=True)
class EnvironmentChange:
    """What was changed, or with `dry_run` would be.

    Attributes:
        environment: which one; service: the one that was added or removed, None for the environment itself.
        written: paths of new or changed files; deleted: of deleted ones.
        commit: None where nothing was to be done, or with `dry_run`.
    """

    action: str
    environment: str
    service: str | None
    written: Sequence[str]
    deleted: Sequence[str]
    commit: str | None
    dry_run: bool = False


def show(name: str | None = None, *, platform: str | None = None) -> EnvironmentList:
    """The environments, or one of them, with gates, services and releases.

    Raises:
        UsageError: there is no environment of that name.
        UserError: environments.yaml is missing or not valid.
    """
    environments = find_environments(find_platform(platform, Path.cwd()))
    commit = environments_repository.tip(environments)
    chain = _chain(environments, commit)
    if name is not None:
        chain = Chain((chain.get(name),))
    paths = environments_repository.listing(environments, commit, str(overlay.ROOT))
    pins = [path for path in paths if path.endswith(f"/{overlay.PIN_FILE}")]
    content = environments_repository.read(environments, commit, pins)
    return EnvironmentList(environments.source, environment_view.views(chain, paths, content))


def verdict(found: EnvironmentList) -> UserError | None:
    """The error that the listing ends with: a release.env that nobody can read."""
    faults = [service.fault for each in found.environments for service in each.services if service.fault]
    if not faults:
        return None
    return UserError("release-env-invalid", "\n".join(faults), "Correct it; `idp check` names every fault.")


@dataclass(frozen=True)
class OverlayCheck:
    """What was found in the overlays of a commit; `overlays` counts those that were looked at."""

    source: str
    commit: str
    overlays: int
    faults: Sequence[OverlayFault]


def check(
    name: str | None = None, service: str | None = None, *, platform: str | None = None
) -> OverlayCheck:
    """Look at overlays as Kustomize and Compose read them.

    Args:
        name: the environment; None: all.
        service: only this one; None: all.
        platform: URL or path; None looks for it.

    Raises:
        UsageError: there is no such environment.
        UserError: environments.yaml is missing or not valid, or the environment has no such service.
        AdapterError: Kustomize or Compose is not here.
    """
    environments = find_environments(find_platform(platform, Path.cwd()))
    commit = environments_repository.tip(environments)
    chain = _chain(environments, commit)
    names = chain.names if name is None else (chain.get(name).name,)
    paths = environments_repository.listing(environments, commit, str(overlay.ROOT))
    chosen = [
        (environment, each)
        for environment, each in overlay.overlays(paths)
        if environment in names and service in {None, each}
    ]
    if service and not chosen:
        raise UserError(
            "service-not-there", f"There is no `{service}` there.", "`idp env list` says which services are."
        )
    faults = overlay_faults(environments, commit, chosen)
    return OverlayCheck(environments.source, commit, len(chosen), faults)


def check_verdict(done: OverlayCheck) -> ChecksFailed | None:
    """The error that a check ends with where there are faults."""
    if not done.faults:
        return None
    return ChecksFailed(
        "overlay-invalid",
        f"{len(done.faults)} faults in the overlays of {done.source}.",
        "Correct them; docs/reference/overlays.md says what may stand in each file.",
    )


def add(
    name: str,
    service: str | None = None,
    *,
    after: str | None = None,
    platform: str | None = None,
    dry_run: bool = False,
) -> EnvironmentChange:
    """Add an environment to the chain, or a service to an environment.

    Args:
        name: the environment.
        service: one of the catalog, whose overlay is rendered there; None adds the environment itself.
        after: which environment a new one follows; None: the last.
        platform: URL or path; None looks for it.
        dry_run: say what would be written.

    Raises:
        UsageError: a name is none.
        UserError: there is such an environment, no such service, or environments.yaml cannot be edited.
    """
    if service and after:
        raise UsageError("usage", "--after is for a new environment.", "Leave it out for a service.")
    found = find_platform(platform, Path.cwd())
    environments = find_environments(found)

    def decide(commit: str) -> Sequence[Change]:
        if service is not None:
            _chain(environments, commit).get(name)
            _refuse_unknown_service(found, environments, commit, service)
            files = overlay_missing(found, environments, commit, service, [name])
            return _change(files, f"feat(environments): add {service} to {name}", "env-add", name, service)
        edited = environments_edit.with_environment(_chain_content(environments, commit), name, after)
        listed = environments_repository.listing(environments, commit, overlay.environment_folder(name))
        rendered = overlay_files.environment_files(overlay_template(found, environments, commit), name)
        fresh = {path: content for path, content in rendered.items() if str(path) not in listed}
        files = {PurePosixPath(CHAIN_PATH): edited, **fresh}
        return _change(files, f"feat(environments): add {name}", "env-add", name)

    return _carried_out(environments, decide, "add", name, service, dry_run=dry_run)


def remove(
    name: str,
    service: str | None = None,
    *,
    force: bool = False,
    platform: str | None = None,
    dry_run: bool = False,
) -> EnvironmentChange:
    """Take an environment out of the chain, or a service out of an environment: its files are deleted by a commit.

    What runs there is not stopped, and the files stay in Git's history.

    Args:
        name: the environment.
        service: only this one; None removes the environment with all that it has.
        force: also where something is released there.
        platform: URL or path; None looks for it.
        dry_run: say what would be deleted.

    Raises:
        UsageError: there is no such environment.
        UserError: something is released there, or the chain would not be valid any more.
    """
    environments = find_environments(find_platform(platform, Path.cwd()))

    def decide(commit: str) -> Sequence[Change]:
        content = _chain_content(environments, commit)
        parse_chain(content).get(name)
        folder = overlay.folder(name, service) if service else overlay.environment_folder(name)
        paths = environments_repository.listing(environments, commit, folder)
        if service and not paths:
            raise UserError(
                "service-not-there",
                f"{name} has no `{service}`.",
                f"`idp env show {name}` lists what it has.",
            )
        if not force:
            _refuse_released(name, paths)
        files: dict[PurePosixPath, bytes | None] = {PurePosixPath(path): None for path in paths}
        if service is None:
            files[PurePosixPath(CHAIN_PATH)] = environments_edit.without_environment(content, name)
        subject = f"remove {service} from {name}" if service else f"remove {name}"
        return _change(files, f"feat(environments): {subject}", "env-remove", name, service)

    return _carried_out(environments, decide, "remove", name, service, dry_run=dry_run)


def _chain_content(environments: Environments, commit: str) -> bytes:
    found = environments_repository.read(environments, commit, [CHAIN_PATH])
    if CHAIN_PATH not in found:
        raise UserError(
            "environments-missing",
            f"{environments.source} has no {CHAIN_PATH}.",
            "Take `environments/` over from a newer platform: `idp init DIR` makes one to copy from.",
        )
    return found[CHAIN_PATH]


def _chain(environments: Environments, commit: str) -> Chain:
    return parse_chain(_chain_content(environments, commit))


def _refuse_unknown_service(
    platform: Platform, environments: Environments, commit: str, service: str
) -> None:
    """The catalog is the platform's, whose environments may be in a repository of their own."""
    overlay.folder("any", service)
    entry = catalog.entry_path(service)
    if environments_repository.read(environments, commit, [entry]):
        return
    if f"catalog/{entry.name}" not in environment_files.read(platform):
        raise UserError(
            "service-unknown",
            f"The catalog has no service `{service}`.",
            f"`idp status` lists the services; `idp create service {service}` makes one.",
        )


def _refuse_released(environment: str, paths: Sequence[str]) -> None:
    pinned = [path for path in paths if path.endswith(f"/{overlay.PIN_FILE}")]
    if pinned:
        services = ", ".join(PurePosixPath(path).parent.name for path in pinned[:5])
        more = f" and {len(pinned) - 5} more" if len(pinned) > 5 else ""  # noqa: PLR2004
        raise UserError(
            "environment-in-use",
            f"{services}{more} is released in {environment}.",
            "Stop what runs there, then add --force. Git's history keeps the files.",
        )


def _change(
    files: Mapping[PurePosixPath, bytes | None],
    subject: str,
    action: str,
    environment: str,
    service: str | None = None,
) -> Sequence[Change]:
    if not files:
        return ()
    trailers = [f"Idp-Action: {action}", f"Idp-Environment: {environment}"]
    trailers += [f"Idp-Service: {service}"] if service else []
    return (Change(files, f"{subject}\n\n" + "\n".join(trailers) + "\n"),)


def _carried_out(
    environments: Environments,
    decide: Callable[[str], Sequence[Change]],
    action: str,
    name: str,
    service: str | None,
    *,
    dry_run: bool,
) -> EnvironmentChange:
    made: list[Change] = []

    def remembered(commit: str) -> Sequence[Change]:
        made[:] = decide(commit)
        return made

    commit = None
    if dry_run:
        remembered(environments_repository.tip(environments))
    else:
        published = environments_repository.commit(environments, remembered)
        commit = published.commits[-1] if published.commits else None
    files = made[0].files if made else {}
    written = sorted(str(path) for path, content in files.items() if content is not None)
    deleted = sorted(str(path) for path, content in files.items() if content is None)
    return EnvironmentChange(action, name, service, written, deleted, commit, dry_run)
