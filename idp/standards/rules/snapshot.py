"""A service's files, as the rules see them: bounded, in memory, never followed outside the folder."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import accumulate
from pathlib import PurePosixPath
from typing import Any


@dataclass(frozen=True)
class SourceFile:
    """One file: its POSIX path relative to the service's folder and its bytes."""

    path: str
    content: bytes

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.path).suffix.lower()

    @property
    def stem(self) -> str:
        return PurePosixPath(self.path).stem

    @cached_property
    def is_binary(self) -> bool:
        return b"\0" in self.content[:8192]

    @cached_property
    def text(self) -> str:
        """The content as text with Unix line ends; undecodable bytes are replaced; empty if binary."""
        if self.is_binary:
            return ""
        return self.content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")

    @property
    def lines(self) -> list[tuple[int, str]]:
        """Numbered lines, from 1."""
        return list(enumerate(self.text.split("\n"), start=1))


@dataclass(frozen=True)
class Skipped:
    """A file that was not read, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Snapshot:
    """What was read of a service's folder.

    Attributes:
        files: path → file, in sorted order.
        skipped: files that were left out (too large, a link, unreadable).
        tracked: paths in Git's index, also of files that are gone; None if the folder is in no work tree.
    """

    files: dict[str, SourceFile]
    skipped: tuple[Skipped, ...] = ()
    tracked: frozenset[str] | None = None
    _parsed: dict[str, "Parsed"] = field(default_factory=dict, compare=False, repr=False)

    def get(self, *paths: str) -> SourceFile | None:
        """The first of these files that exists."""
        return next((self.files[path] for path in paths if path in self.files), None)

    def matching(self, pattern: str) -> list[SourceFile]:
        """The files whose whole path matches a regular expression."""
        compiled = re.compile(pattern)
        return [file for path, file in self.files.items() if compiled.fullmatch(path)]

    def parsed(self, file: SourceFile) -> "Parsed":
        """The file's content by its suffix (TOML, JSON, else YAML), parsed once."""
        if file.path not in self._parsed:
            self._parsed[file.path] = parse(file)
        return self._parsed[file.path]


def yaml_documents(file: SourceFile) -> tuple[list[Any], "Parsed"]:
    """Every document of a YAML file; `error` of the second value says why there are none."""
    if file.is_binary:
        return [], Parsed(None, "it is not a text file")
    try:
        parsed = _parse_yaml(file.text, several=True)
    except RecursionError:
        return [], Parsed(None, "it is nested too deeply")
    except ValueError as error:
        return [], Parsed(None, _one_line(error))
    return as_list(parsed.value), parsed


@dataclass(frozen=True)
class Parsed:
    """A document, or why there is none; `error` is empty where it was read."""

    value: Any
    error: str = ""
    line: int = 0

    @property
    def mapping(self) -> dict[str, Any]:
        """The document if it is a mapping, else an empty one."""
        return as_mapping(self.value)


def as_mapping(value: object) -> dict[str, Any]:
    """The value if it is a mapping (keys as text), else an empty one."""
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def parse(file: SourceFile) -> Parsed:
    """Parse a TOML, JSON or (any other suffix) YAML file; never raises."""
    if file.is_binary:
        return Parsed(None, "it is not a text file")
    try:
        if file.suffix == ".toml":
            return Parsed(tomllib.loads(file.text))
        if file.suffix == ".json":
            return Parsed(json.loads(file.text))
        return _parse_yaml(file.text)
    except RecursionError:
        return Parsed(None, "it is nested too deeply")
    except ValueError as error:
        return Parsed(None, _one_line(error), getattr(error, "lineno", 0) or 0)


MAX_YAML_BYTES = 128 * 1024
_MAX_MERGED_KEYS = 10_000
_MAX_DEPTH = 100


@cache
def _yaml_loader() -> Any:  # noqa: ANN401 - a class made from a lazily imported one
    """PyYAML's safe loader in Python (the C one overflows its stack on deep nesting), with bounded merges."""
    import yaml

    class BoundedLoader(yaml.SafeLoader):
        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            super().flatten_mapping(node)
            if len(node.value) > _MAX_MERGED_KEYS:
                raise yaml.constructor.ConstructorError(
                    problem="its merge keys expand too far", problem_mark=node.start_mark
                )

    return BoundedLoader


def yaml_syntax_error(file: SourceFile) -> Parsed:
    """Whether a YAML file is well-formed, several documents and unknown tags included.

    A file that is too large to be read as YAML counts as well-formed.
    """
    import yaml

    if file.is_binary:
        return parse(file)
    if len(file.text) > MAX_YAML_BYTES:
        return Parsed(None)
    if _is_nested_deeply(file.text):
        return Parsed(None, "it is nested too deeply")
    try:
        for _ in yaml.parse(file.text, yaml.SafeLoader):
            pass
    except yaml.MarkedYAMLError as error:
        return _marked(error)
    except (yaml.YAMLError, ValueError) as error:
        return Parsed(None, _one_line(error))
    return Parsed(None)


def _is_nested_deeply(text: str) -> bool:
    """Whether more brackets are open at once than any configuration has; PyYAML takes quadratic time then."""
    depths = accumulate((char in "[{") - (char in "]}") for char in text if char in "[]{}")
    return max(depths, default=0) > _MAX_DEPTH


def _marked(error: Any) -> Parsed:  # noqa: ANN401 - the class is imported lazily
    mark = error.problem_mark
    return Parsed(None, error.problem or "it is not YAML", mark.line + 1 if mark else 0)


def _parse_yaml(text: str, *, several: bool = False) -> Parsed:
    import yaml

    if len(text) > MAX_YAML_BYTES:
        return Parsed(None, f"it is larger than {MAX_YAML_BYTES // 1024} KiB")
    if _is_nested_deeply(text):
        return Parsed(None, "it is nested too deeply")
    try:
        if several:
            return Parsed(list(yaml.load_all(text, _yaml_loader())))
        return Parsed(yaml.load(text, _yaml_loader()))  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        return _marked(error)
    except (yaml.YAMLError, TypeError, OverflowError, AttributeError) as error:
        return Parsed(None, _one_line(error))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


_TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "testing", "node_modules", "vendor"})
_TEST_NAME = re.compile(r"test_.*|.*_test|.*\.(?:test|spec)|conftest|.*Tests?|.*IT")


def is_application_code(file: SourceFile) -> bool:
    """Whether a source file runs in production: not a test, not below a hidden or a vendored folder."""
    folders = PurePosixPath(file.path).parts[:-1]
    if any(part in _TEST_FOLDERS or part.startswith(".") for part in folders):
        return False
    return _TEST_NAME.fullmatch(file.stem) is None


def application_code(snapshot: Snapshot, suffixes: Iterable[str]) -> Iterator[SourceFile]:
    """The production source files with one of these suffixes."""
    wanted = frozenset(suffixes)
    for file in snapshot.files.values():
        if file.suffix in wanted and not file.is_binary and is_application_code(file):
            yield file
