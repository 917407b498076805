"""Where the truth about environments is: a repository on this machine, or the default branch of a remote one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from idp.core.errors import AdapterError, UserError
from idp.forges.addresses import local_path
from idp.git import credentials as git_access
from idp.git import refs as repository_refs
from idp.git import run as git
from idp.platform.address import expanded, without_credentials
from idp.platform.model import Platform, looks_like_url

_LOCK = "idp-environments.lock"


@dataclass(frozen=True)
class Environments:
    """The repository that holds `environments/`.

    Attributes:
        source: the address that a forge knows it by: a URL or an absolute path.
        git_dir: what is read: the repository's own Git folder, or that of a mirror of the remote.
        branch: the one whose tip is the truth.
        remote: where commits are pushed to; None where `git_dir` itself is the truth.
        checkout: the work tree that has the branch checked out, which then moves along; else None.
        is_shallow: whether the clone that the user named lacks history, even if its origin has it.
        connection: variables that reaching the remote needs. May hold a token.
    """

    source: str
    git_dir: Path
    branch: str
    remote: str | None
    checkout: Path | None
    connection: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_shallow: bool = False

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"

    @property
    def env(self) -> dict[str, str]:
        """Makes Git read this repository, its paths as they are written."""
        return {**self.connection, "GIT_DIR": str(self.git_dir), "GIT_LITERAL_PATHSPECS": "1"}


def find(platform: Platform) -> Environments:
    """The environments of a platform, fetched where they are remote.

    Raises:
        UserError: the repository has no branch checked out.
        AdapterError: it cannot be read.
    """
    if looks_like_url(platform.source):
        url = expanded(platform.source)
        return _mirrored(url, git_access.variables(url))
    repository = Path(platform.source)
    address = _remote(repository)
    if address is None:
        return own(repository)
    mirrored = _mirrored(address, git_access.variables(address, repository))
    git_dir = repository_refs.git_dir(repository)
    return replace(mirrored, is_shallow=git_dir is not None and (git_dir / "shallow").exists())


def _remote(repository: Path) -> str | None:
    """The address of a clone's origin as Git takes it here; None where the repository is the truth itself."""
    bare = git.output("rev-parse", "--is-bare-repository", cwd=repository) == "true"
    origin = (
        None if bare else git.remote_url(repository)
    )  # a bare clone's origin is only where it once came from
    path = local_path(origin) if origin else None
    return origin if path is None else str((repository / path).resolve())


def last_seen(platform: Platform) -> tuple[Path, str] | None:
    """Where the remote's default branch is as this machine last saw it: Git folder and commit. No network.

    It is what idp has fetched or pushed, or what the clone itself has fetched since.
    """
    repository = Path(platform.source)
    address, own_folder = _remote(repository), repository_refs.git_dir(repository)
    mirror = git.mirror_folder(address) if address else None
    mirrored = git.resolve("HEAD^{commit}", cwd=mirror) if mirror and mirror.is_dir() else None
    tracked = git.resolve("refs/remotes/origin/HEAD^{commit}", cwd=repository)
    if mirror is None or own_folder is None or not (mirrored or tracked):
        return None
    if mirrored is None or (tracked and _is_ancestor(mirrored, tracked, repository)):
        return own_folder, str(tracked)
    return mirror, mirrored


def _is_ancestor(older: str, newer: str, repository: Path) -> bool:
    return git.call("merge-base", "--is-ancestor", older, newer, cwd=repository).exit_code == 0


def refuse_unreachable(platform: Platform, seconds: float) -> None:
    """Raise an AdapterError unless a platform's remote, where it has one, answers within some seconds."""
    if looks_like_url(platform.source):
        address, clone = expanded(platform.source), None
    else:
        clone = Path(platform.source)
        address = _remote(clone) or ""
    if address:
        git.tags(address, env=git_access.variables(address, clone), seconds=seconds)


def own(repository: Path) -> Environments:
    """A repository that is the truth itself.

    Raises:
        UserError: it has no branch checked out, or is none.
    """
    git_dir = repository_refs.git_dir(repository)
    branch = git.call("symbolic-ref", "--quiet", "HEAD", cwd=repository).stdout.strip()
    if git_dir is None or not branch.startswith("refs/heads/"):
        raise UserError(
            "head-detached",
            f"{repository} has no branch checked out.",
            "Run `git switch main` there and try again.",
        )
    name = branch.removeprefix("refs/heads/")
    return Environments(str(repository), git_dir.resolve(), name, None, _checkout(git_dir.resolve(), branch))


def _checkout(git_dir: Path, ref: str) -> Path | None:
    """Git calls a bare repository a work tree of its own branch."""
    env = {"GIT_DIR": str(git_dir)}
    where = git.output("for-each-ref", "--format=%(worktreepath)", ref, env=env)
    return Path(where) if where and Path(where).resolve() != git_dir else None


def _mirrored(url: str, connection: Mapping[str, str]) -> Environments:
    git_dir = git.mirror(url, connection)
    branch = git.output("symbolic-ref", "HEAD", cwd=git_dir)
    if git.resolve(branch, cwd=git_dir) is None:
        branch = _follow_default(url, git_dir, connection)
    shown = without_credentials(url)
    return Environments(shown, git_dir, branch.removeprefix("refs/heads/"), url, None, connection)


def _follow_default(url: str, git_dir: Path, connection: Mapping[str, str]) -> str:
    """The default branch has been renamed since the mirror was made, or there was no commit then."""
    listed = git.output("ls-remote", "--symref", "--", url, "HEAD", env=connection, timeout=60)
    branch = listed.removeprefix("ref: ").partition("\t")[0]
    if not branch.startswith("refs/heads/"):
        raise AdapterError("repository-empty", f"{url} has no commit yet.", "Push the platform there first.")
    git.output("symbolic-ref", "HEAD", branch, cwd=git_dir)
    return branch


def refresh(environments: Environments) -> None:
    """Fetch what others have pushed."""
    if environments.remote is not None:
        git.mirror(environments.remote, environments.connection)


def tip(environments: Environments) -> str:
    """The commit that is the truth now.

    Raises:
        UserError: the repository has no commit.
    """
    found = git.resolve(f"{environments.ref}^{{commit}}", env=environments.env)
    if found is None:
        raise UserError(
            "repository-empty",
            f"{environments.source} has no commit on `{environments.branch}`.",
            "Commit the platform's content first.",
        )
    return found


def refuse_shallow(environments: Environments) -> None:
    """Raise a UserError where history or tags may be cut off: an answer from the rest could be wrong.

    Also where the origin has all of it: what is decided here could not be looked up in this clone.
    """
    if environments.is_shallow or (environments.git_dir / "shallow").exists():
        raise UserError(
            "repository-shallow",
            f"{environments.source} is a shallow clone: part of its history is not there.",
            "Run `git fetch --unshallow --tags` there (actions/checkout: fetch-depth: 0).",
        )


@contextmanager
def exclusive(environments: Environments) -> Iterator[None]:
    """Writers of one machine queue up; those of others are told apart by compare-and-swap alone."""
    with git.locked(environments.git_dir / _LOCK):
        yield
