"""`idp register`: add a service to the catalog and the environments, also one that no template made."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from idp.core import names
from idp.core.errors import UserError
from idp.environments import catalog
from idp.environments import source as environments_source
from idp.environments.catalog import NO_TEMPLATE, CatalogEntry
from idp.environments.find import environments_platform, find_environments
from idp.forges.addresses import local_path
from idp.git import addresses
from idp.git import run as git
from idp.platform import store as platforms
from idp.platform.address import is_machine_local, without_credentials
from idp.platform.find import find_platform, is_bundled
from idp.platform.model import ANSWERS_FILE, Platform
from idp.releases.promotion_deliver import Place
from idp.services.answers_file import RecordedAnswers, parse_answers_file
from idp.services.register_entry import Registration, register_entry
from idp.standards.rules.metadata import component_name
from idp.standards.service_files import read_text

REACHED_WITHIN = 20.0
"""Seconds after which a platform's remote counts as unreachable."""


@dataclass(frozen=True)
class Registered:
    """A service and its place in the catalog, or with `dry_run` what would be added.

    Attributes:
        entry: what the catalog says.
        notes: what else a person should know, a sentence each.
        next_commands: what to type next, in order: the command, and why.
    """

    path: Path
    entry: CatalogEntry
    registration: Registration
    notes: tuple[str, ...]
    next_commands: tuple[tuple[str, str], ...]
    dry_run: bool


def register(
    path: Path = Path(),
    *,
    name: str | None = None,
    owner: str | None = None,
    description: str | None = None,
    platform: str | None = None,
    dry_run: bool = False,
) -> Registered:
    """Register one service; the same again changes nothing.

    Args:
        path: its folder, or one below it.
        name: None: what its answers, its catalog-info.yaml or its folder say.
        owner: None: what its answers say.
        description: None: what its answers say.
        platform: URL or path of the platform; None looks for it.
        dry_run: only say what would be added.

    Raises:
        UsageError: the name is not acceptable.
        UserError: it is not a repository of its own or has no remote; or the catalog has another service of that name.
        AdapterError: the platform cannot be reached, or refuses.
    """
    root = _root(path)
    answers = _answers(root)
    named = name or (answers.service if answers else None) or _component(root) or root.name
    names.validate_service(named)
    here = Path.cwd() if platforms.enclosing_checkout(Path.cwd()) else root
    found = find_platform(platform, here)
    repository, notes, steps = _repository(root, named, found, answers)
    addresses.validate_repository(named, repository)
    entry = CatalogEntry(
        name=named,
        repository=repository,
        template=(answers.template or answers.source) if answers else NO_TEMPLATE,
        template_version=answers.revision if answers else None,
        owner=owner or _answer(answers, "owner"),
        description=description or _answer(answers, "description"),
    )
    done = register_entry(_place(found), entry, new=False, dry_run=dry_run)
    return Registered(root, entry, done, notes, steps, dry_run)


def _place(platform: Platform) -> Place:
    if not is_bundled(platform):
        environments_source.refuse_unreachable(environments_platform(platform), REACHED_WITHIN)
    return Place(platform, find_environments(platform))


def _root(path: Path) -> Path:
    folder = path.expanduser().resolve()
    top = git.top_level(folder) if folder.is_dir() else None
    if top is None:
        raise UserError(
            "not-a-repository",
            f"{folder} is not in a Git repository.",
            "Name a service's folder: idp register PATH",
        )
    root = top.resolve()
    if folder != root and (folder / ANSWERS_FILE).is_file():
        raise UserError(
            "service-in-subfolder",
            f"{folder} is a folder of the repository {root}; the catalog holds whole repositories.",
            "Move the service into a repository of its own.",
        )
    return root


def _answers(root: Path) -> RecordedAnswers | None:
    text = read_text(root, ANSWERS_FILE)
    return None if text is None else parse_answers_file(text, str(root / ANSWERS_FILE))


def _component(root: Path) -> str | None:
    for name in ("catalog-info.yaml", "catalog-info.yml"):
        text = read_text(root, name)
        if text is not None:
            return component_name(name, text)
    return None


def _answer(answers: RecordedAnswers | None, name: str) -> str | None:
    value = answers.values.get(name) if answers else None
    return value if isinstance(value, str) and value else None


def _repository(
    root: Path, name: str, platform: Platform, answers: RecordedAnswers | None
) -> tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Where the service lives, what to say about it, and what is left to do for it."""
    origin = git.origin_address(root)
    if origin is not None:
        path = local_path(origin)
        address = without_credentials(origin) if path is None else str((root / path.expanduser()).resolve())
        return address, _only_here(address), ()
    expected = catalog.sibling_repository(platform.address, name, str(root))
    if is_machine_local(expected):
        return expected, _only_here(expected), ()
    add = shlex.join(["git", "-C", str(root), "remote", "add", "origin", expected])
    if answers is None:
        raise UserError("no-origin", f"{root} has no remote `origin`, so nobody else could find it.", add)
    push = shlex.join(["git", "-C", str(root), "push", "-u", "origin", "HEAD"])
    note = f"It has no remote `origin` yet; the catalog expects it at {expected}."
    return expected, (note,), ((add, ""), (push, "once that repository is there"))


def _only_here(address: str) -> tuple[str, ...]:
    if not is_machine_local(address):
        return ()
    return (f"{address} is a folder of this machine: nobody else can reach the service there.",)
