"""Git, by its command line."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from idp.core import process
from idp.core.errors import AdapterError
from idp.core.text import safe
from idp.platform.address import without_credentials

# A hook or an alias that calls idp would otherwise make every command below act on its repository.
_INHERITED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
_QUIET = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_FLUSH": "0"}
"""No questions, no locks for looking, and no write for every line of a long list."""
FALLBACK_IDENTITY = {"name": "idp", "email": "idp@localhost"}


def call(
    *argv: str | Path,
    cwd: Path | None = None,
    stdin: str | bytes = "",
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> process.Completed:
    """Run Git whatever its exit code."""
    return process.run(
        ["git", *argv], cwd=cwd, env={**_QUIET, **(env or {})}, unset=_INHERITED, stdin=stdin, timeout=timeout
    )


def output(
    *argv: str | Path,
    cwd: Path | None = None,
    stdin: str | bytes = "",
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> str:
    """Git's standard output without the last newline.

    Raises:
        AdapterError: Git ended with an error; its own words are in the message.
    """
    done = call(*argv, cwd=cwd, stdin=stdin, env=env, timeout=timeout)
    if done.exit_code != 0:
        words = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()
        raise AdapterError(
            "git-failed",
            f"`git {argv[0]}` failed: {words[-1]}",
            "Read Git's message; `idp doctor` checks Git and the platform.",
        )
    return done.stdout.removesuffix("\n")


def top_level(path: Path) -> Path | None:
    """The root of the work tree that holds a folder, None outside of any."""
    done = call("rev-parse", "--show-toplevel", cwd=path)
    return Path(done.stdout.strip()) if done.exit_code == 0 else None


def is_repository(path: Path) -> bool:
    """Whether a folder is the root of a repository: a work tree's or a bare one's."""
    return (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir())


def tags(source: str, *, env: Mapping[str, str] | None = None, seconds: float = 60) -> list[str]:
    """The tags of a repository (path or URL), without a clone.

    Args:
        source: what Git is given.
        env: variables that reaching it needs.
        seconds: after which it counts as unreachable.

    Raises:
        AdapterError: the repository cannot be read.
    """
    done = call("ls-remote", "--tags", "--refs", "--", source, env=env, timeout=seconds)
    if done.exit_code != 0:
        shown = without_credentials(source)
        reason = (done.stderr.strip() or "no message").splitlines()[0].replace(source, shown)
        raise AdapterError(
            "repository-unreadable",
            f"The Git repository {shown} cannot be read: {reason}",
            "Check the address, your network and your credentials (`git ls-remote` must work).",
        )
    return [line.partition("refs/tags/")[2] for line in done.stdout.splitlines()]


def head(source: str) -> str:
    """The commit that a repository's (path or URL) HEAD names.

    Raises:
        AdapterError: it cannot be read, or has no commit yet.
    """
    name = output("ls-remote", "--", source, "HEAD", timeout=60).partition("\t")[0]
    if not name:
        raise AdapterError(
            "repository-empty", f"{source} has no commit yet.", "Commit and tag a version first."
        )
    return name


def remote_url(repository: Path) -> str | None:
    done = call("remote", "get-url", "origin", cwd=repository)
    return done.stdout.strip() if done.exit_code == 0 else None


def origin_address(repository: Path) -> str | None:
    """The address of `origin` as it is written down: what Git makes of it here (`insteadOf`) is this machine's."""
    done = call("config", "--null", "--get-all", "remote.origin.url", cwd=repository)
    written = done.stdout.partition("\0")[0] if done.exit_code == 0 else ""
    return written or None


def mirror_folder(url: str) -> Path:
    """Where `mirror` has its copy of a remote repository, or would have it."""
    from hashlib import sha256

    from platformdirs import user_cache_path

    return user_cache_path("idp") / "mirrors" / sha256(url.encode()).hexdigest()[:32]


def mirror(url: str, env: Mapping[str, str] | None = None) -> Path:
    """A bare copy of a remote repository in the user's cache, brought up to date.

    Args:
        url: what Git is given.
        env: variables that reaching it needs, such as `git_access.variables` gives.

    Raises:
        AdapterError: the repository cannot be read.
    """
    folder = mirror_folder(url)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_suffix(".lock")):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
                clone = ("clone", "--quiet", "--mirror", "--", url, f"{temporary}/mirror")
                output(*clone, env=env, timeout=600)
                Path(temporary, "mirror").rename(folder)
        output("fetch", "--quiet", "--prune", "--tags", "--force", "origin", cwd=folder, env=env, timeout=600)
    return folder


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Keep other processes of this machine out; the lock goes with its holder, however that ends."""
    import fcntl

    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def swap_references(
    changes: Mapping[str, tuple[str | None, str | None]],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    reason: str = "idp",
) -> bool:
    """Move references together: each from its old object (None: absent) to a new one (None: deleted), or none.

    Args:
        changes: full reference name → (old, new).
        env: names the repository (GIT_DIR), or `cwd` does.
        cwd: the repository.
        reason: what the reference log says.

    Returns:
        False if one of them is no longer as it was, or somebody is just writing it.

    Raises:
        AdapterError: Git refuses for another reason, a read-only disk for example.
    """
    zero = "0" * 40
    lines = [f"update {ref} {new or zero} {old or zero}" for ref, (old, new) in changes.items()]
    words = "\n".join(["start", *lines, "prepare", "commit", ""])
    done = call("update-ref", "-m", reason, "--stdin", stdin=words, env=env, cwd=cwd)
    if done.exit_code == 0:
        return True
    moved = any(resolve(ref, env=env, cwd=cwd) != old for ref, (old, _) in changes.items())
    if moved or "File exists" in done.stderr:
        return False
    raise AdapterError(
        "git-failed",
        f"Git cannot write to {cwd or (env or {}).get('GIT_DIR')}: {safe(done.stderr.strip()[:300])}",
        "Check that you may write there and that the disk is not full.",
    )


def resolve(revision: str, *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> str | None:
    """The object that a revision names, None if there is none."""
    done = call("rev-parse", "--verify", "--quiet", "--end-of-options", revision, env=env, cwd=cwd)
    return done.stdout.strip() or None if done.exit_code == 0 else None


def read_file(repository: Path, revision: str, path: str) -> str | None:
    """A file's text at a revision, None if it is not there."""
    done = call("show", f"{revision}:{path}", cwd=repository)
    return done.stdout if done.exit_code == 0 else None


def blobs(wanted: Mapping[str, str], *, env: Mapping[str, str]) -> dict[str, bytes]:
    """The contents of those of many objects that are there and are files. One process, however many.

    Args:
        wanted: key → object, by name or as `commit:path` on one line.
        env: names the repository (GIT_DIR).
    """
    asked = "".join(f"{name}\n" for name in wanted.values())
    data = output("cat-file", "--batch", env=env, stdin=asked).encode(errors="surrogateescape") + b"\n"
    found, position = {}, 0
    for key in wanted:
        end = data.index(b"\n", position)
        words = data[position:end].rsplit(b" ", 2)
        position = end + 1
        if len(words) == 3 and words[2].isdigit():  # noqa: PLR2004 - `name type size`, else `… missing`
            size = int(words[2])
            if words[1] == b"blob":
                found[key] = data[position : position + size]
            position += size + 1
    return found


def identity(folder: Path) -> dict[str, str]:
    """`-c` settings and variables are the user's own; only where there is no identity, the fallback's."""
    if call("var", "GIT_AUTHOR_IDENT", cwd=folder).exit_code == 0:
        return {}
    name, email = FALLBACK_IDENTITY["name"], FALLBACK_IDENTITY["email"]
    return {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": email,
    }


def create_repository(folder: Path, message: str, tag: str | None = None) -> bool:
    """Make a folder a repository with one commit of all that is in it.

    Returns:
        Whether the user's own identity was used (False: Git had none, the fallback stands in the commit).
    """
    output("init", "--quiet", "--initial-branch=main", cwd=folder)
    output("add", "--all", "--force", cwd=folder)
    # A new repository has nothing to collect: housekeeping would only be one more process.
    commit = (
        "-c",
        "maintenance.auto=false",
        "commit",
        "--quiet",
        "--no-verify",
        "--allow-empty",
        "-m",
        message,
    )
    env: dict[str, str] = {}
    if call(*commit, cwd=folder).exit_code != 0:
        env = identity(folder)
        output(*commit, cwd=folder, env=env)
    if tag:
        output("tag", tag, cwd=folder)
    return not env


def change_index(*argv: str, cwd: Path, stdin: str = "") -> None:
    """Run a Git command that writes the index. Git waits for a reference's lock, not for the index's.

    Raises:
        AdapterError: Git ended with an error, or the index stayed locked.
    """
    import random
    import time

    for _ in range(200):
        done = call(*argv, cwd=cwd, stdin=stdin)
        if done.exit_code == 0 or "index.lock" not in done.stderr:
            break
        time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - jitter, no secret
    if done.exit_code != 0:
        raise AdapterError(
            "git-failed",
            f"`git {argv[0]}` failed: {done.stderr.strip().splitlines()[0]}",
            "If no Git command is running there, delete the lock file that Git names.",
        )
