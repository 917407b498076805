"""YAML of unknown origin as plain values with the line of each, without YAML 1.1's surprises.

Unquoted `true`, `false`, `null` and whole numbers are what they look like; every other scalar is text: `16:00` is no
number of minutes, `no` no truth value, `2026-12-24` no date. A key that occurs twice is an error, not the last one's.
"""

import re
from dataclasses import dataclass
from typing import Any

Key = tuple[str | int, ...]
_MOST_NODES, _DEEPEST = 10_000, 30
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,15})")
_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("null", "bool", "int", "float", "timestamp", "value", "merge", "str", "seq", "map")
)


@dataclass(frozen=True)
class Document:
    """The value, and the line (from 1) on which the value of each key begins."""

    value: Any
    lines: dict[Key, int]


class InvalidYaml(ValueError):
    """It cannot be read; `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def load_with_lines(content: bytes) -> Document:
    """The one document of a file; None for an empty one.

    Raises:
        InvalidYaml: it is no UTF-8, no valid YAML, several documents, too large, or a key occurs twice.
    """
    import yaml

    try:
        root = yaml.compose(content.decode(), yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise InvalidYaml(content[: error.start].count(b"\n") + 1, "it is not UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidYaml(line, error.problem or "it is no valid YAML") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidYaml(1, str(error).splitlines()[0] or "it is no valid YAML") from error
    lines: dict[Key, int] = {}
    return Document(_value(root, (), lines) if root else None, lines)


def _value(node: Any, key: Key, lines: dict[Key, int]) -> Any:  # noqa: ANN401 - PyYAML's nodes have no types
    import yaml

    line = node.start_mark.line + 1
    if key in lines:
        raise InvalidYaml(line, f"{key[-1]!a} occurs twice")
    lines[key] = line
    if len(lines) > _MOST_NODES or len(key) > _DEEPEST:
        raise InvalidYaml(line, "it is too large or nests too deeply")
    if node.tag not in _TAGS:
        raise InvalidYaml(line, f"the tag {node.tag[:60]!a} means nothing here")
    if isinstance(node, yaml.MappingNode):
        return {
            name: _value(child, (*key, name), lines)
            for name, child in ((_name(left), right) for left, right in node.value)
        }
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*key, position), lines) for position, child in enumerate(node.value)]
    return node.value if node.style else _plain(node.value)


def _name(node: Any) -> str:  # noqa: ANN401 - PyYAML's nodes have no types
    if not isinstance(node.value, str):
        raise InvalidYaml(node.start_mark.line + 1, "a key is no text")
    return node.value


def _plain(text: str) -> Any:  # noqa: ANN401 - any scalar
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _NUMBER.fullmatch(text) else text


_MOST_OPENINGS = 1000
_OPENINGS = ("[", "{", "-", "?")


def load_plain(text: str | bytes) -> Any:  # noqa: ANN401 - YAML has no narrower type
    """The one document of a text; None for an empty one.

    libyaml's composer recurses in C: a file that nests deeply enough would end the process. What could nest so
    goes to the slower parser, which raises an error instead.

    Raises:
        ValueError: it is no valid YAML, or nests too deeply.
    """
    import yaml

    shown = text if isinstance(text, str) else text.decode(errors="replace")
    quick = sum(map(shown.count, _OPENINGS)) <= _MOST_OPENINGS
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if quick else yaml.SafeLoader
    try:
        return yaml.load(shown, loader)  # noqa: S506 - both loaders are safe ones
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = str(error).strip().splitlines()
        raise ValueError(reason[0] if reason else "it is no valid YAML") from error
