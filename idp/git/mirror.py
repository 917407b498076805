"""The services' repositories as they are read from here: the path itself, or a mirror of its URL in the cache."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from idp.core.errors import AdapterError, UserError
from idp.git import refs as repository_refs
from idp.git import run as git
from idp.git.addresses import PROTOCOLS, is_local, shown_address
from idp.git.refs import References

UPDATE_BRANCHES = "idp/update-"
_HEADS = "refs/heads/"
_CLONE_SECONDS = 600
_LOOK_SECONDS = 60


def environment() -> dict[str, str]:
    """What every Git command with somebody else's address is given: plain protocols alone, never a question."""
    return {
        "GIT_ALLOW_PROTOCOL": os.environ.get("GIT_ALLOW_PROTOCOL", PROTOCOLS),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": os.environ.get("GIT_ASKPASS", "true"),
        "SSH_ASKPASS_REQUIRE": "never",
    }


def mirror_folder(address: str) -> Path:
    """Where the mirror of a URL is or would be."""
    from platformdirs import user_cache_path

    return user_cache_path("idp") / "services" / sha256(address.encode()).hexdigest()[:32]


def known(address: str) -> References | None:
    """A service's branches as they were when last looked at: no network. None where that never happened.

    Args:
        address: a validated absolute path or URL.
    """
    folder = Path(address) if is_local(address) else mirror_folder(address)
    found = repository_refs.git_dir(folder)
    return repository_refs.read(found, UPDATE_BRANCHES) if found else None


def current(address: str) -> References:
    """A service's branches as they are now; a URL's mirror is made or brought up to date.

    Raises:
        AdapterError: it cannot be reached.
        UserError: it has no default branch, or no commit.
    """
    if not is_local(address):
        _refresh(address)
    found = known(address)
    if found is None:
        raise AdapterError(
            "service-unreachable",
            f"{shown_address(address)} is no Git repository.",
            "Correct `repository` in its catalog entry, or delete the entry if the service is gone.",
        )
    if found.branch is None or found.commit is None or found.branch.startswith(UPDATE_BRANCHES):
        raise UserError(
            "default-branch-missing",
            f"{shown_address(address)} has no default branch with a commit.",
            "Its HEAD has to name a branch that exists, and no update branch (git symbolic-ref HEAD refs/heads/main).",
        )
    return found


def _refresh(address: str) -> None:
    folder = mirror_folder(address)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_suffix(".lock")):
            head, branches = _look(address)
            if not (folder / "HEAD").is_file():
                _clone(address, folder)
            elif not _is_current(folder, head, branches):
                _fetch(address, folder)
            if head:
                git.output("symbolic-ref", "HEAD", f"{_HEADS}{head}", env={"GIT_DIR": str(folder)})
    except OSError as error:
        raise AdapterError(
            "cache-unwritable", f"{folder.parent} cannot be written: {error.strerror}.", "Set XDG_CACHE_HOME."
        ) from error


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    """One process at a time brings a mirror up to date; the lock goes with its holder."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _look(address: str) -> tuple[str | None, dict[str, str]]:
    """The default branch, and every branch's tip, at the remote."""
    done = git.call(
        "ls-remote", "--symref", "--", address, "HEAD", f"{_HEADS}*", env=environment(), timeout=_LOOK_SECONDS
    )
    if done.exit_code != 0:
        raise _unreachable(address, done.stderr)
    head, branches = None, {}
    for line in done.stdout.splitlines():
        name, _, ref = line.partition("\t")
        if ref == "HEAD" and name.startswith(f"ref: {_HEADS}"):
            head = name.removeprefix(f"ref: {_HEADS}")
        elif ref.startswith(_HEADS):
            branches[ref.removeprefix(_HEADS)] = name
    return head, branches


def _unreachable(address: str, words: str) -> AdapterError:
    lines = [line for line in words.replace(address, shown_address(address)).splitlines() if line.strip()]
    return AdapterError(
        "service-unreachable",
        f"{shown_address(address)} cannot be read: {lines[0][:300] if lines else 'no message'}",
        "Check the address in its catalog entry, the network and your credentials (`git ls-remote` must work).",
    )


def _is_current(folder: Path, head: str | None, branches: dict[str, str]) -> bool:
    references = repository_refs.read(folder, "")
    tips = dict(references.matching)
    if references.branch and references.commit:
        tips[references.branch] = references.commit
    return references.branch == head and tips == branches


def _clone(address: str, folder: Path) -> None:
    with TemporaryDirectory(prefix=".new-", dir=folder.parent) as temporary:
        made = Path(temporary) / "mirror"
        git.output("init", "--quiet", "--bare", "--template=", str(made), env=environment())
        _fetch(address, made)
        made.rename(folder)


def _fetch(address: str, folder: Path) -> None:
    """Branches alone: a forge keeps every pull request's head besides."""
    arguments = (
        "fetch",
        "--quiet",
        "--prune",
        "--no-tags",
        "--no-auto-maintenance",
        "--update-head-ok",
        "--",
        address,
    )
    env = {**environment(), "GIT_DIR": str(folder)}
    done = git.call(*arguments, f"+{_HEADS}*:{_HEADS}*", env=env, timeout=_CLONE_SECONDS)
    if done.exit_code == 0:
        return
    if ".lock" in done.stderr:  # a killed Git left it; our lock says that nobody is at work here
        shutil.rmtree(folder, ignore_errors=True)
    raise _unreachable(address, done.stderr)
