"""Make objects the truth: references move together by compare-and-swap, here or at the remote."""

import random
import time
from collections.abc import Iterator, Mapping

from idp.core.errors import AdapterError
from idp.core.text import safe
from idp.environments.source import Environments, refresh
from idp.git import run as git

_ATTEMPTS = 60
_PUSH_SECONDS = 300
Moves = Mapping[str, tuple[str | None, str | None]]
"""Full reference name → (the object it has now, None: absent; the one it gets, None: deleted)."""


def publish(environments: Environments, moves: Moves, reason: str) -> bool:
    """Move references together, or none of them.

    Returns:
        False if one of them is no longer as it was said to be: look again, decide again.

    Raises:
        AdapterError: the repository refuses for another reason.
    """
    if environments.remote is None:
        return git.swap_references(moves, env=environments.env, reason=reason)
    return _push(environments, environments.remote, moves)


def attempts(environments: Environments) -> Iterator[int]:
    """Count tries at a compare-and-swap, with a growing random pause between them.

    Raises:
        AdapterError: after the last of them.
    """
    for attempt in range(_ATTEMPTS):
        yield attempt
        time.sleep(random.uniform(0, min(0.01 * (attempt + 1), 0.5)))  # noqa: S311 - jitter, no secret
    raise AdapterError(
        "branch-busy",
        f"`{environments.branch}` of {environments.source} kept moving or stayed locked.",
        "Try again. If no Git command runs there, one was killed: delete its `*.lock` files under refs.",
    )


def _push(environments: Environments, remote: str, moves: Moves) -> bool:
    """Each lease names the old object, so nothing that somebody else has put there is ever replaced."""
    leases = [f"--force-with-lease={ref}:{old or ''}" for ref, (old, _) in moves.items()]
    specs = [f"{new or ''}:{ref}" for ref, (_, new) in moves.items()]
    quiet = ("-c", "core.hooksPath=/dev/null", "-c", "push.followTags=false", "-c", "push.gpgSign=false")
    options = ("--quiet", "--no-verify", "--atomic", "--recurse-submodules=no")
    done = git.call(
        *quiet, "push", *options, *leases, "--", remote, *specs, env=environments.env, timeout=_PUSH_SECONDS
    )
    if done.exit_code == 0:
        _remember(environments, moves)
        return True
    refresh(environments)
    if any(git.resolve(ref, env=environments.env) != old for ref, (old, _) in moves.items()):
        return False
    if "cannot lock ref" in done.stderr or "failed to update ref" in done.stderr:
        return False
    raise AdapterError(
        "push-refused",
        f"{environments.source} refuses the push: {_reason(done.stderr)}",
        "You need to be allowed to push there. Where the branch is protected, open a pull request: `--pr`.",
    )


def _reason(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("remote:", "!", "fatal:"))]
    return safe((telling or lines or ["no message"])[0])[:300]


def _remember(environments: Environments, moves: Moves) -> None:
    """The mirror has it at once; where another process was quicker, the next fetch brings it."""
    zero = "0" * 40
    words = "".join(f"update {ref} {new or zero}\n" for ref, (_, new) in moves.items())
    git.call("update-ref", "--stdin", env=environments.env, stdin=words)
