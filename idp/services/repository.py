"""A service as Git has it: where its repository is, its folder in it, its answers at a commit."""

from dataclasses import dataclass
from pathlib import Path

from idp.core.errors import UserError
from idp.git import run as git
from idp.git import trees
from idp.platform.model import ANSWERS_FILE
from idp.services.answers_file import RecordedAnswers, parse_answers_file


@dataclass(frozen=True)
class ServiceRevision:
    """A service at one commit of its repository.

    Attributes:
        repository: the work tree's root, or a bare repository.
        subfolder: the service's folder in it; empty where it is the root.
        commit: full name.
        tree: object name of the service's own tree.
        answers_text: its answers file.
    """

    repository: Path
    git_dir: Path
    subfolder: str
    commit: str
    tree: str
    answers_text: str
    answers: RecordedAnswers

    @property
    def name(self) -> str:
        fallback = (self.repository / self.subfolder).name.removesuffix(".git")
        return self.answers.service or fallback

    def path(self, name: str) -> str:
        """A path of the service as the repository has it."""
        return f"{self.subfolder}/{name}" if self.subfolder else name


def open_service(path: Path) -> ServiceRevision:
    """The service that a folder of a work tree is, at HEAD.

    Raises:
        UserError: it is no Git repository, has no commit, or no answers file at HEAD.
    """
    folder = path.expanduser().resolve()
    top = git.top_level(folder) if folder.is_dir() else None
    if top is None:
        raise UserError("not-a-repository", f"{folder} is in no Git repository.", "Name a service's folder.")
    subfolder = "" if top.resolve() == folder else folder.relative_to(top.resolve()).as_posix()
    return read_service(top, "HEAD", subfolder)


def read_service(repository: Path, revision: str, subfolder: str = "") -> ServiceRevision:
    """A service at a revision of a repository, bare or not.

    Raises:
        UserError: the revision does not exist, or has no answers file there.
    """
    spec = f"{revision}:{subfolder}" if subfolder else f"{revision}^{{tree}}"
    named = git.call("rev-parse", f"{revision}^{{commit}}", spec, cwd=repository)
    file = f"{subfolder}/{ANSWERS_FILE}" if subfolder else ANSWERS_FILE
    text = git.read_file(repository, revision, file) if named.exit_code == 0 else None
    if text is None:
        raise UserError(
            "no-answers-file",
            f"{repository / subfolder} has no {ANSWERS_FILE} at {revision}.",
            "Only a service that Copier made can be updated; commit the file if it is there.",
        )
    commit, tree = named.stdout.split()
    answers = parse_answers_file(text, str(repository / file))
    return ServiceRevision(repository, trees.git_dir(repository), subfolder, commit, tree, text, answers)
