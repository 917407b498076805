"""The update branch of one service: a commit that is the same whoever makes it, pushed over nobody else's work."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from idp.core.errors import AdapterError
from idp.git import mirror as fleet_store
from idp.git import run as git
from idp.git.addresses import shown_address
from idp.git.refs import References
from idp.git.trees import ObjectStore
from idp.templates.store import TemplateCommit

_IDENTITY = b"idp <idp@localhost> "
_TRAILER = b"\nTemplate-To: "
_PUSH_SECONDS = 300
_ATTEMPTS = 5
FOREIGN = "it holds commits that are not idp's own, and was left alone"


@dataclass(frozen=True)
class Pushed:
    """How the branch stands: what is at its tip, whether this call put it there, why it was left alone."""

    tip: str
    pushed: bool
    note: str = ""


@cache
def _seconds(state: TemplateCommit) -> str:
    return git.output("log", "-1", "--format=%ct", state.commit, cwd=state.repository)


def commit(store: ObjectStore, parent: str, tree: str, message: str, state: TemplateCommit) -> str:
    """The update's commit: parent, tree, message, and the template version's date make the same name anywhere."""
    date = f"@{_seconds(state)} +0000"
    env = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    return store.output("commit-tree", "-p", parent, "-m", message, tree, env=env)


def push(store: ObjectStore, address: str, references: References, branch: str, wanted: str) -> Pushed:
    """Have a branch of a service's repository at a commit, unless somebody else's commits are on it.

    Args:
        store: holds the commit.
        address: the repository, a validated path or URL.
        references: its branches as last seen; looked at again where they have moved.
        branch: such as `idp/update-v1.2.0`.
        wanted: the commit.

    Raises:
        AdapterError: the repository refuses.
    """
    for _ in range(_ATTEMPTS):
        present = references.matching.get(branch)
        if present == wanted:
            return Pushed(wanted, pushed=False)
        if present is not None and not is_own(store, present, references.commit or ""):
            return Pushed(present, pushed=False, note=FOREIGN)
        refusal = _push(store, address, branch, wanted, present)
        if refusal is None:
            _remember(references.git_dir, address, branch, wanted)
            return Pushed(wanted, pushed=True)
        references = fleet_store.current(address)
        if references.matching.get(branch) == present:
            raise AdapterError(
                "push-refused",
                f"{shown_address(address)} refuses the branch {branch}: {refusal}",
                "You need to be allowed to push branches there; branch rules may forbid the name.",
            )
    raise AdapterError("branch-busy", f"{branch} kept moving.", "Run it again when nobody else writes to it.")


def delete(store: ObjectStore, address: str, references: References, branch: str) -> bool:
    """Delete a branch that holds nothing but idp's own commit; whether it did."""
    present = references.matching.get(branch)
    if present is None or not is_own(store, present, references.commit or ""):
        return False
    return _push(store, address, branch, "", present) is None


def is_own(store: ObjectStore, tip: str, default: str) -> bool:
    """Whether a branch is one commit by idp on top of the default branch: then nobody's work is lost with it."""
    env = {"GIT_DIR": str(store.git_dir), **store.env}
    found = git.call("cat-file", "commit", tip, env=env)
    head, _, message = found.stdout.encode(errors="surrogateescape").partition(b"\n\n")
    lines = head.splitlines()
    parents = [line.removeprefix(b"parent ").decode() for line in lines if line.startswith(b"parent ")]
    people = [line for line in lines if line.startswith((b"author ", b"committer "))]
    own = all(line.partition(b" ")[2].startswith(_IDENTITY) for line in people)
    if found.exit_code != 0 or len(parents) != 1 or not own or _TRAILER not in b"\n" + message:
        return False
    return git.call("merge-base", "--is-ancestor", parents[0], default, env=env).exit_code == 0


def _push(store: ObjectStore, address: str, branch: str, wanted: str, present: str | None) -> str | None:
    """None if the branch went from `present` to `wanted`, else the refusal."""
    ref = f"refs/heads/{branch}"
    env = {"GIT_DIR": str(store.git_dir), **store.env, **fleet_store.environment()}
    quiet = ("-c", "core.hooksPath=/dev/null", "-c", "push.followTags=false", "-c", "push.gpgSign=false")
    lease = f"--force-with-lease={ref}:{present or ''}"
    done = git.call(
        *quiet, "push", "--quiet", "--no-verify", "--recurse-submodules=no", lease, "--", address, f"{wanted}:{ref}",
        env=env, timeout=_PUSH_SECONDS,
    )  # fmt: skip
    if done.exit_code == 0:
        return None
    lines = [
        line for line in done.stderr.replace(address, shown_address(address)).splitlines() if line.strip()
    ]
    return lines[-1][:300] if lines else "no message"


def _remember(git_dir: Path, address: str, branch: str, wanted: str) -> None:
    """A mirror has the branch at once, for `idp status`; without its commit the next look brings it."""
    if git_dir == fleet_store.mirror_folder(address):
        git.call("update-ref", f"refs/heads/{branch}", wanted, env={"GIT_DIR": str(git_dir)})
