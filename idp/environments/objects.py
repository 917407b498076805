"""Commits and tags that nothing refers to yet: what a write is going to publish."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from idp.core.errors import AdapterError
from idp.environments.source import Environments
from idp.git import run as git

_BRANCH = "refs/heads/idp"
_FIRST_TAG = 1_000_000


@dataclass(frozen=True)
class Change:
    """One commit.

    Attributes:
        files: path from the repository's root → new content; None deletes.
        message: the commit's, whole.
        tags: annotated tags on this commit: name without `refs/tags/` → message.
        moves: other references that move in the same go: full name → (old or None, new or None).
    """

    files: Mapping[PurePosixPath, bytes | None]
    message: str
    tags: Mapping[str, str] = field(default_factory=dict)
    moves: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Built:
    """Commits in order, each the parent of the next, and tags by name."""

    commits: tuple[str, ...]
    tags: Mapping[str, str]


def build(environments: Environments, parent: str, changes: Sequence[Change]) -> Built:
    """Write a chain of commits on top of a parent. Git removes them in time if they are not published.

    Raises:
        AdapterError: Git cannot write there.
    """
    ident, by = committer(environments), author(environments)
    parts = [b"feature done\n"]
    names: list[str] = []
    for number, change in enumerate(changes, 1):
        origin = parent if number == 1 else f":{number - 1}"
        parts += _commit(number, origin, change, ident, by)
        for name, message in change.tags.items():
            names.append(name)
            parts += _tag(_FIRST_TAG + len(names), name, f":{number}", message, ident)
    marks = [*range(1, len(changes) + 1), *range(_FIRST_TAG + 1, _FIRST_TAG + 1 + len(names))]
    parts += [f"get-mark :{mark}\n".encode() for mark in marks]
    found = _imported(environments, b"".join([*parts, b"done\n"]))
    return Built(tuple(found[: len(changes)]), dict(zip(names, found[len(changes) :], strict=True)))


def build_tag(environments: Environments, name: str, commit: str, message: str) -> str:
    """An annotated tag's object."""
    text = f"object {commit}\ntype commit\ntag {name}\ntagger {committer(environments)}\n\n{message}\n"
    return git.output("mktag", env=environments.env, stdin=text)


def committer(environments: Environments) -> str:
    """`Name <e-mail> seconds zone`: the user's, the fallback's where Git knows nobody."""
    return _ident(environments, "GIT_COMMITTER_IDENT")


def author(environments: Environments) -> str:
    """As `committer`, of whom it is done for: a pipeline may name who started it (`GIT_AUTHOR_NAME`)."""
    return _ident(environments, "GIT_AUTHOR_IDENT")


def _ident(environments: Environments, variable: str) -> str:
    done = git.call("var", variable, env=environments.env)
    if done.exit_code == 0:
        return done.stdout.strip()
    return git.output("var", variable, env={**environments.env, **git.identity(environments.git_dir)})


def _commit(number: int, origin: str, change: Change, ident: str, by: str) -> Iterator[bytes]:
    head = f"commit {_BRANCH}\nmark :{number}\nauthor {by}\ncommitter {ident}\n"
    yield head.encode(errors="surrogateescape")
    yield _data(change.message.encode(errors="replace"))
    yield f"from {origin}\n".encode()
    for path, content in change.files.items():
        if any(sign in str(path) for sign in '\n"\\') or path.is_absolute() or ".." in path.parts:
            raise ValueError(path)
        if content is None:
            yield f"D {path}\n".encode()
        else:
            yield f"M 100644 inline {path}\n".encode() + _data(content)


def _tag(mark: int, name: str, commit: str, message: str, ident: str) -> Iterator[bytes]:
    yield f"tag {name}\nmark :{mark}\nfrom {commit}\n".encode()
    yield f"tagger {ident}\n".encode(errors="surrogateescape")
    yield _data(message.encode(errors="replace"))


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"


def _imported(environments: Environments, stream: bytes) -> list[str]:
    """`git fast-import` into the repository's objects, with references of a throw-away one."""
    with TemporaryDirectory(prefix="idp-references-") as folder:
        Path(folder, "refs").mkdir()
        Path(folder, "HEAD").write_text(f"ref: {_BRANCH}\n")
        env = {"GIT_DIR": folder, "GIT_OBJECT_DIRECTORY": str(environments.git_dir / "objects")}
        done = git.call("fast-import", "--quiet", "--done", env=env, stdin=stream)
    if done.exit_code != 0:
        reason = (done.stderr.strip() or "no message").splitlines()[0]
        raise AdapterError(
            "git-failed",
            f"Git cannot write to {environments.git_dir}: {reason}",
            "Check that you may write there and that the disk is not full.",
        )
    return done.stdout.split()
