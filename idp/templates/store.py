"""Template repositories on this machine: which commit a version is, what changed between two, its files."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from idp.core.errors import AdapterError, UserError
from idp.environments import source as environments_source
from idp.git import credentials as git_access
from idp.git import run as git
from idp.platform.address import expanded
from idp.platform.model import TEMPLATES_FOLDER, Platform, looks_like_url
from idp.templates import version as template_version


@dataclass(frozen=True)
class TemplateCommit:
    """One exact state of a template.

    Attributes:
        source: `_src_path`: what Copier calls the repository.
        repository: where it is read from here: the path itself, or a mirror of the URL.
        commit: full name.
        name: what Copier records as `_commit`: the tag, or Git's description from the nearest one.
    """

    source: str
    repository: Path
    commit: str
    name: str


@dataclass(frozen=True)
class TemplateSource:
    """Where a template is read from here, and what is recorded of it.

    Attributes:
        address: `_src_path`: what others can use, where there is such an address.
        repository: what is read: a repository on this machine, perhaps a mirror.
        checkout: the clone of `address` on this machine that was named, if one was: it may hold unpublished versions.
    """

    address: str
    repository: Path
    checkout: Path | None = None


@cache
def of_platform(platform: Platform, fetched: Path | None = None) -> TemplateSource:
    """A platform's templates as its remote has them, fetched; of a repository without one, as it is. Once per process.

    Args:
        platform: which.
        fetched: a mirror of its remote that is up to date, if the caller has one.

    Raises:
        AdapterError: the remote cannot be read.
    """
    if not platform.is_local:
        return TemplateSource(platform.source, locate(platform.source))
    here = Path(platform.source)
    if platform.origin is None:
        return TemplateSource(platform.source, here)
    return TemplateSource(platform.origin, fetched or environments_source.find(platform).git_dir, here)


def of_clone(platform: Platform) -> TemplateSource:
    """A platform's templates as the clone on this machine has them, for when its remote cannot be reached."""
    return TemplateSource(platform.address, Path(platform.source))


@cache
def locate(source: str) -> Path:
    """The local repository of a template: its own path, or an up-to-date mirror of its URL. Once per process.

    Raises:
        UserError: a path that is no repository, or a relative one.
        AdapterError: the URL cannot be read.
    """
    if looks_like_url(source):
        url = expanded(source)
        return git.mirror(url, git_access.variables(url))
    path = Path(source)
    if not path.is_absolute() or not git.is_repository(path):
        raise vanished(source)
    return path


def vanished(source: str) -> UserError:
    """The error that says that answers record a folder of another machine."""
    why = "is not a Git repository on this machine" if source.startswith("/") else "is a relative path"
    return UserError(
        "template-vanished",
        f"The answers record the template as {source!a}, which {why}.",
        "Name the platform's shared address, which the update then records: idp update --platform URL",
    )


def known_repository(source: str) -> Path | None:
    """As `locate`, but as far as this machine knows the template already: no network, no error."""
    path = git.mirror_folder(expanded(source)) if looks_like_url(source) else Path(source)
    return path if path.is_absolute() and git.is_repository(path) else None


@cache
def resolve(source: TemplateSource, revision: str) -> TemplateCommit:
    """The state that a tag, a commit or a description such as `v1.2.0-3-gabc1234` names. Once per process.

    Raises:
        UserError: the template has no such version, or only the named clone has it.
    """
    repository = source.repository
    found = git.call(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", cwd=repository
    )
    if found.exit_code != 0:
        if source.checkout and _is_tag(source.checkout, revision):
            raise unpublished(source, revision)
        raise UserError(
            "template-version-unknown",
            f"The template {source.address} has no version {revision!a}.",
            "Its tags were perhaps deleted or never pushed; `git ls-remote --tags` on it lists what there is.",
        )
    commit = found.stdout.strip()
    described = git.output("describe", "--tags", "--always", commit, cwd=repository)
    return TemplateCommit(
        source.address, repository, commit, revision if _is_tag(repository, revision) else described
    )


def _is_tag(repository: Path, revision: str) -> bool:
    return git.call("show-ref", "--verify", "--quiet", f"refs/tags/{revision}", cwd=repository).exit_code == 0


def unpublished(source: TemplateSource, tag: str) -> UserError:
    """The error that says that a version is only in the clone that was named."""
    return UserError(
        "template-version-unpublished",
        f"The template version {tag} is only in {source.checkout}; {source.address} does not have it, so nobody else "
        "could update the service.",
        shlex.join(["git", "-C", str(source.checkout), "push", "origin", tag]),
    )


@cache
def tags(repository: Path) -> tuple[str, ...]:
    """Every tag of a repository. Once per process."""
    return tuple(git.output("tag", "--list", cwd=repository).splitlines())


def choose(source: TemplateSource, wanted: str | None) -> str | None:
    """The version to use, as `template_version.choose`; one that only the named clone has is refused.

    Raises:
        UserError: the wanted version is not among those that others have.
    """
    published = tags(source.repository)
    if wanted is not None and source.checkout is not None:
        only_here = set(tags(source.checkout)) - set(published)
        for tag in sorted(only_here & {wanted, f"v{wanted}"}):
            raise unpublished(source, tag)
    return template_version.choose(published, wanted)


def newer_unpublished(source: TemplateSource) -> str | None:
    """The newest version of the named clone, if it is newer than all that its remote has."""
    if source.checkout is None:
        return None
    newest = template_version.choose([*tags(source.checkout), *tags(source.repository)], None)
    return newest if newest and newest not in tags(source.repository) else None


@cache
def is_ancestor(older: TemplateCommit, newer: TemplateCommit) -> bool:
    done = git.call("merge-base", "--is-ancestor", older.commit, newer.commit, cwd=older.repository)
    return done.exit_code == 0


@cache
def touches(older: TemplateCommit, newer: TemplateCommit, template: str | None) -> bool:
    """Whether anything that a service is made from differs between two states. Once per process and pair.

    Args:
        older: the recorded state.
        newer: the state to compare with.
        template: the service's template in a platform repository; None compares everything.
    """
    done = git.call(
        "diff", "--quiet", older.commit, newer.commit, "--", *paths(newer, template), cwd=newer.repository
    )
    if done.exit_code not in {0, 1}:
        raise AdapterError("git-failed", f"`git diff` failed: {done.stderr.strip()}", "Run `idp doctor`.")
    return done.exit_code == 1


def paths(commit: TemplateCommit, template: str | None) -> Sequence[str]:
    """What of the repository a template is made from; nothing means everything.

    Raises:
        UserError: the platform has no such template at that state.
    """
    if template is None:
        return ()
    folder = f"{TEMPLATES_FOLDER}/{template}"
    if git.call("cat-file", "-e", f"{commit.commit}:{folder}", cwd=commit.repository).exit_code != 0:
        raise UserError(
            "template-vanished",
            f"The platform at {commit.name} has no template `{template}` any more.",
            f"Stay at the recorded version, or restore {folder} in the platform.",
        )
    return "copier.yml", "copier.yaml", f"{TEMPLATES_FOLDER}/_shared", folder


@cache
def checkout(state: TemplateCommit) -> Path:
    """The files of a state, in the user's cache: a plain folder, complete or absent. Never change it."""
    from platformdirs import user_cache_path

    folder = user_cache_path("idp") / "templates" / state.commit
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".new-", dir=folder.parent) as temporary:
        work = Path(temporary) / "files"
        work.mkdir()
        env = {"GIT_INDEX_FILE": f"{temporary}/index", "GIT_WORK_TREE": str(work)}
        git_folder = state.repository if (state.repository / "HEAD").is_file() else state.repository / ".git"
        git.output(
            "-c", "core.autocrlf=false", "checkout", "--force", state.commit, "--", ".",
            env={**env, "GIT_DIR": str(git_folder)},
        )  # fmt: skip
        try:
            work.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    return folder


def has_submodules(state: TemplateCommit) -> bool:
    return os.path.lexists(checkout(state) / ".gitmodules")


def forget_lookups() -> None:
    """Look everything up anew: for a process that lives longer than one command."""
    for lookup in (locate, of_platform, resolve, tags, is_ancestor, touches, checkout):
        lookup.cache_clear()
