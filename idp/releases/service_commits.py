"""The commits between two releases, from the service's own repository as far as this machine has it."""

from idp.git import mirror as fleet_store
from idp.git import run as git
from idp.releases.promotion_pull_request import SourceCommit

_MOST = 200


def between(repository: str, older: str, newer: str) -> list[SourceCommit] | None:
    """What a release brings, newest first; a rollback: what it takes back. No network.

    Args:
        repository: the catalog's address: an absolute path, or a URL that has a mirror here.
        older: the revision that runs, 40 hex digits.
        newer: the one that is to run.

    Returns:
        None if the repository or one of the revisions is not here.
    """
    found = fleet_store.known(repository)
    if found is None:
        return None
    ends = (newer, older)
    env = {"GIT_DIR": str(found.git_dir)}
    if any(git.resolve(f"{end}^{{commit}}", env=env) is None for end in ends):
        return None
    forward, back = (
        git.output("log", f"-{_MOST}", "--format=%H%x00%an%x00%s", f"{one}..{other}", "--", env=env)
        for one, other in ((older, newer), (newer, older))
    )
    lines = (line.split("\0", 2) for line in (forward or back).splitlines())
    return [SourceCommit(revision, subject, author) for revision, author, subject in lines]
