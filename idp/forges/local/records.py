"""Small JSON documents in a Git repository: each a blob under a reference, replaced by compare-and-swap."""

import json
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from idp.core.errors import AdapterError
from idp.git import run as git

_ATTEMPTS = 200


@dataclass(frozen=True)
class Record:
    """A document as it was read; `name` is the blob's, which a replacement has to name."""

    name: str
    content: Mapping[str, Any]


def reference(kind: str, *keys: str) -> str:
    """`refs/idp/<kind>/<digest>…`: whatever the keys hold, a valid name that clashes with no other."""
    return "/".join(
        ["refs/idp", kind, *(sha256(key.encode(errors="surrogatepass")).hexdigest() for key in keys)]
    )


def read(repository: Path, ref: str) -> Record | None:
    """The document under a reference.

    Raises:
        AdapterError: what lies there is no JSON object.
    """
    name = resolve(repository, ref)
    if name is None:
        return None
    done = git.call("cat-file", "blob", name, cwd=repository)
    try:
        content = json.loads(done.stdout) if done.exit_code == 0 else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise unreadable(repository, ref)
    return Record(name, content)


def read_all(repository: Path, prefix: str) -> dict[str, Record]:
    """The documents under a prefix, by reference."""
    listed = git.output("for-each-ref", "--format=%(refname)", f"{prefix}/", cwd=repository).split()
    found = ((ref, read(repository, ref)) for ref in listed)
    return {ref: record for ref, record in found if record is not None}


def unreadable(repository: Path, ref: str) -> AdapterError:
    return AdapterError(
        "record-unreadable",
        f"{repository} holds something under {ref} that idp did not write.",
        f"Look at it with `git cat-file -p {ref}`, then delete it with `git update-ref -d {ref}`.",
    )


def store(repository: Path, content: Mapping[str, Any]) -> str:
    """The name of a blob that holds a document; nothing refers to it yet."""
    text = json.dumps(content, sort_keys=True)  # ASCII, one line
    return git.output("hash-object", "-w", "--stdin", cwd=repository, stdin=text + "\n")


def replace(repository: Path, ref: str, content: Mapping[str, Any], present: Record | None) -> bool:
    """Put a document where `present` (None: nothing) is. False: somebody else was first, read again."""
    return swap(repository, {ref: (store(repository, content), present.name if present else None)})


def swap(repository: Path, changes: Mapping[str, tuple[str, str | None]]) -> bool:
    """Move references together: each from its old object (None: absent) to a new one, or none of them.

    Returns:
        False if one of them is no longer as it was, or somebody is just writing it.

    Raises:
        AdapterError: Git refuses for another reason, a read-only disk for example.
    """
    moves = {ref: (old, new) for ref, (new, old) in changes.items()}
    return git.swap_references(moves, cwd=repository)


def resolve(repository: Path, ref: str) -> str | None:
    """The object that a full reference name names, None if there is no such reference."""
    return git.resolve(ref, cwd=repository)


def attempts(repository: Path) -> Iterator[int]:
    """Count tries at a compare-and-swap, with a growing random pause between them.

    Raises:
        AdapterError: after the last of them.
    """
    for attempt in range(_ATTEMPTS):
        yield attempt
        time.sleep(random.uniform(0, min(0.002 * (attempt + 1), 0.1)))  # noqa: S311 - jitter, no secret
    raise AdapterError(
        "repository-busy",
        f"The references of {repository} kept moving or stayed locked.",
        "Try again. If no Git command runs there, one was killed: delete its `*.lock` files under refs.",
    )
