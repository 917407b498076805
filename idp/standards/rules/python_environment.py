"""Where Python code reads the process environment, found in its syntax tree."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from idp.standards.rules.python_source import parse_python

_MODULES = frozenset({"os", "posix", "nt"})
_NAMES = frozenset({"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"})
_IMPORTERS = frozenset({"__import__", "import_module"})


@dataclass(frozen=True)
class EnvironmentRead:
    """A read (or write) of the environment: line from 1 and what was written there."""

    line: int
    what: str


def python_environment_reads(source: str) -> list[EnvironmentRead]:
    """Every access to the environment by way of `os`, whatever name it goes by.

    Raises:
        SyntaxError: the text is not Python (also for null bytes or nesting that the parser refuses).
    """
    nodes = list(ast.walk(parse_python(source)))
    modules = _module_names(nodes)
    found = {read for node in nodes for read in _reads(node, modules)}
    return sorted(found, key=lambda read: (read.line, read.what))


def _module_names(nodes: list[ast.AST]) -> frozenset[str]:
    """The names that stand for `os`: imports, renamings and assignments of them."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in _MODULES:
                    names.add(alias.asname or alias.name)
                elif alias.name.partition(".")[0] in _MODULES and not alias.asname:
                    names.add(alias.name.partition(".")[0])
    assigned = [(one.targets, one.value) for one in nodes if isinstance(one, ast.Assign)]
    while True:
        more = {
            target.id
            for targets, value in assigned
            if _is_module(value, names)
            for target in targets
            if isinstance(target, ast.Name)
        }
        if more <= names:
            return frozenset(names)
        names |= more


def _is_module(node: ast.AST, names: set[str] | frozenset[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return called in _IMPORTERS and bool(node.args) and _text(node.args[0]) in _MODULES
    if isinstance(node, ast.Subscript):
        is_modules = isinstance(node.value, ast.Attribute) and node.value.attr == "modules"
        return is_modules and _text(node.slice) in _MODULES
    return False


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _reads(node: ast.AST, modules: frozenset[str]) -> Iterator[EnvironmentRead]:
    if isinstance(node, ast.ImportFrom) and node.module in _MODULES and node.level == 0:
        for alias in node.names:
            if alias.name in _NAMES | {"*"}:
                yield EnvironmentRead(node.lineno, f"from {node.module} import {alias.name}")
    elif isinstance(node, ast.Attribute) and node.attr in _NAMES and _is_module(node.value, modules):
        yield EnvironmentRead(node.lineno, f"os.{node.attr}")
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "getattr" and len(node.args) > 1:
        name = _text(node.args[1])
        if _is_module(node.args[0], modules) and (name is None or name in _NAMES):
            yield EnvironmentRead(node.lineno, f"getattr(os, {name or '…'})")
    elif isinstance(node, ast.Subscript) and _is_namespace(node.value, modules):
        name = _text(node.slice)
        if name is None or name in _NAMES:
            yield EnvironmentRead(node.lineno, f"os.__dict__[{name or '…'}]")


def _is_namespace(node: ast.AST, modules: frozenset[str]) -> bool:
    """Whether a node is `os.__dict__` or `vars(os)`."""
    if isinstance(node, ast.Attribute):
        return node.attr == "__dict__" and _is_module(node.value, modules)
    is_vars = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "vars" and len(node.args) == 1
    return is_vars and isinstance(node, ast.Call) and _is_module(node.args[0], modules)
