"""Git trees without a work tree: write one from a folder, compare two, merge three.

Everything goes through `ObjectStore`: a repository to read from, and where new objects are put. Objects that
nothing refers to are harmless; Git removes them in time.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from idp.core.errors import AdapterError
from idp.git import run as git

_AUTHOR = {
    "GIT_AUTHOR_NAME": "idp",
    "GIT_AUTHOR_EMAIL": "idp@localhost",
    "GIT_COMMITTER_NAME": "idp",
    "GIT_COMMITTER_EMAIL": "idp@localhost",
    "GIT_AUTHOR_DATE": "@0 +0000",
    "GIT_COMMITTER_DATE": "@0 +0000",
}
# What is rendered is what is stored: the user's line-ending and mode settings must not change it.
_VERBATIM = ("-c", "core.autocrlf=false", "-c", "core.fileMode=true", "-c", "core.symlinks=true")
# A moved folder of the template must not carry the service's own files away with it.
_MERGE = (
    "-c",
    "merge.directoryRenames=false",
    "-c",
    "merge.renameLimit=10000",
    "-c",
    "merge.conflictStyle=merge",
)
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_CONFLICT = re.compile(r"CONFLICT \(([^)]*)\)")


@dataclass(frozen=True)
class ObjectStore:
    """A repository's Git folder, and the environment that says where new objects go."""

    git_dir: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def output(self, *argv: str | Path, stdin: str | bytes = "", env: Mapping[str, str] | None = None) -> str:
        extra = {**_AUTHOR, "GIT_DIR": str(self.git_dir), **self.env, **(env or {})}
        return git.output(*argv, stdin=stdin, env=extra)


@contextmanager
def throwaway(git_dir: Path) -> Iterator[ObjectStore]:
    """A store that reads a repository and leaves no object in it."""
    with TemporaryDirectory(prefix="idp-objects-") as folder:
        alternates = {
            "GIT_OBJECT_DIRECTORY": folder,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(git_dir / "objects"),
        }
        yield ObjectStore(git_dir, alternates)


def git_dir(repository: Path) -> Path:
    """A repository's common Git folder, absolute: a bare repository's own, a work tree's `.git`, a linked one's."""
    if (repository / "objects").is_dir() and (repository / "HEAD").is_file():
        return repository
    if (repository / ".git" / "objects").is_dir():
        return repository / ".git"
    return Path(git.output("rev-parse", "--path-format=absolute", "--git-common-dir", cwd=repository))


def write_tree(store: ObjectStore, folder: Path) -> str:
    """The tree of everything in a folder, ignored files included; its object name."""
    with TemporaryDirectory(prefix="idp-index-") as temporary:
        env = {"GIT_INDEX_FILE": f"{temporary}/index", "GIT_WORK_TREE": str(folder)}
        store.output(*_VERBATIM, "add", "--all", "--force", "--", ".", env=env)
        return store.output("write-tree", env=env)


def read_tree(store: ObjectStore, tree: str) -> dict[str, tuple[str, str]]:
    """A tree's files: path → (mode, object name)."""
    listed = store.output("ls-tree", "-r", "-z", tree)
    entries = {}
    for line in filter(None, listed.split("\0")):
        meta, _, path = line.partition("\t")
        mode, _, name = meta.split(" ")
        entries[path] = (mode, name)
    return entries


def edit_tree(store: ObjectStore, tree: str, entries: Mapping[str, tuple[str, str] | None]) -> str:
    """A tree with some paths set to other entries, or removed (None)."""
    if not entries:
        return tree
    with TemporaryDirectory(prefix="idp-index-") as temporary:
        env = {"GIT_INDEX_FILE": f"{temporary}/index"}
        store.output("read-tree", tree, env=env)
        removed = [f"0 {'0' * 40}\t{path}\0" for path, entry in entries.items() if entry is None]
        added = [f"{entry[0]} {entry[1]}\t{path}\0" for path, entry in entries.items() if entry]
        store.output("update-index", "-z", "--index-info", stdin="".join([*removed, *added]), env=env)
        return store.output("write-tree", env=env)


def graft(store: ObjectStore, whole: str, subfolder: str, tree: str) -> str:
    """A repository's whole tree with one subfolder replaced."""
    if subfolder in {"", "."}:
        return tree
    with TemporaryDirectory(prefix="idp-index-") as temporary:
        env = {"GIT_INDEX_FILE": f"{temporary}/index"}
        store.output("read-tree", whole, env=env)
        store.output("rm", "-r", "-q", "--cached", "--ignore-unmatch", "--", f"{subfolder}/", env=env)
        store.output("read-tree", f"--prefix={subfolder}/", tree, env=env)
        return store.output("write-tree", env=env)


@dataclass(frozen=True)
class Conflict:
    """One path that Git could not merge, and Git's own word for why: content, modify/delete, add/add, binary."""

    path: str
    kind: str


@dataclass(frozen=True)
class Merged:
    """What came of a merge.

    Attributes:
        tree: the result, with conflict markers in the files that conflict.
        stages: conflicting path → its (mode, object name, stage) entries, as the index has them.
        sides: what the markers call ours and theirs.
    """

    tree: str
    conflicts: Sequence[Conflict]
    stages: Mapping[str, Sequence[tuple[str, str, int]]]
    sides: tuple[str, str]


def merge(store: ObjectStore, base: str, ours: str, theirs: str) -> Merged:
    """Three trees merged by `git merge-tree`.

    Args:
        store: where they are.
        base: the common ancestor's tree.
        ours: the service's tree.
        theirs: the new version's tree.
    """
    root = store.output("commit-tree", "-m", "base", base)
    one = store.output("commit-tree", "-p", root, "-m", "ours", ours)
    two = store.output("commit-tree", "-p", root, "-m", "theirs", theirs)
    env = {**_AUTHOR, "GIT_DIR": str(store.git_dir), **store.env}
    done = git.call(*_MERGE, "merge-tree", "--write-tree", "-z", "--messages", one, two, env=env)
    if done.exit_code not in {0, 1}:
        raise AdapterError("merge-failed", f"Git could not merge: {done.stderr.strip()}", "Run `idp doctor`.")
    return _parse_merge(done.stdout, (one, two))


def _parse_merge(text: str, sides: tuple[str, str]) -> Merged:
    """`tree NUL (mode name stage TAB path NUL)* NUL (count NUL path… NUL type NUL message NUL)*`."""
    fields = text.split("\0")
    tree, position = fields[0], 1
    stages: dict[str, list[tuple[str, str, int]]] = {}
    while position < len(fields) and fields[position]:
        meta, _, path = fields[position].partition("\t")
        mode, name, stage = meta.split(" ")
        stages.setdefault(path, []).append((mode, name, int(stage)))
        position += 1
    kinds = _kinds(fields[position + 1 :])
    conflicts = [Conflict(path, kinds.get(path, "content")) for path in sorted(stages)]
    return Merged(tree, conflicts, stages, sides)


def _kinds(fields: Sequence[str]) -> dict[str, str]:
    """Each conflicting path's kind, from merge-tree's messages."""
    kinds: dict[str, str] = {}
    position = 0
    while position < len(fields) and fields[position].strip():
        count = int(fields[position])
        paths = fields[position + 1 : position + 1 + count]
        if found := _CONFLICT.match(fields[position + 1 + count]):
            for path in paths:
                kinds.setdefault(path, found[1])
        position += 3 + count
    return kinds


def name_sides(
    store: ObjectStore, tree: str, paths: Sequence[str], sides: tuple[str, str], version: str
) -> str:
    """A merge's tree whose conflict markers say `yours` and the template's version, not object names."""
    entries = read_tree(store, tree)
    named: dict[str, tuple[str, str] | None] = {}
    for path in paths:
        mode, name = entries.get(path, ("", ""))
        if not mode.startswith("100"):
            continue
        before = git.call("cat-file", "blob", name, env={"GIT_DIR": str(store.git_dir), **store.env}).stdout
        after = before.replace(f"<<<<<<< {sides[0]}", "<<<<<<< yours")
        after = after.replace(f">>>>>>> {sides[1]}", f">>>>>>> template {version}")
        if after != before:
            named[path] = (mode, store.output("hash-object", "-w", "--stdin", stdin=after))
    return edit_tree(store, tree, named)


def diff(store: ObjectStore, one: str, other: str) -> str:
    """The unified diff between two trees, binary files included, renames shown."""
    return store.output("diff", "--no-color", "--no-ext-diff", "--binary", "-M", one, other)
