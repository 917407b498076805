"""What to type after a service was created, in order and ready to be pasted."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from idp.platform.address import is_machine_local

Step = tuple[str, str]
"""A command, and why."""


def next_commands(path: Path, repository: str | None, *, register: bool) -> Sequence[Step]:
    """The commands that take a new service to its repository and start it.

    Args:
        path: the service's folder.
        repository: where the service is to live; None where nobody knows.
        register: it is not in the catalog yet.
    """
    return [
        (shlex.join(["cd", str(path)]), ""),
        *(_push(repository) if repository and repository != str(path) else ()),
        *([("idp register", "add it to the catalog and the environments")] if register else []),
        ("idp run", "start it on http://127.0.0.1:8080"),
        ("idp check --live", "prove that it meets the standards"),
        ("make test", "run its tests"),
    ]


def _push(repository: str) -> Iterator[Step]:
    local = is_machine_local(repository)
    if local:
        yield shlex.join(["git", "init", "--bare", "--initial-branch=main", repository]), ""
    yield shlex.join(["git", "remote", "add", "origin", repository]), ""
    yield "git push -u origin main", "" if local else "once that repository is there"
