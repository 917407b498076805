"""Writes the pages that come from the code: `make docs`. A test keeps them fresh."""

import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from docs import release_pages
from idp.cli import app
from idp.core.errors import ExitCode
from idp.standards.rules.standards import standards_markdown

DOCS = Path(__file__).resolve().parent
_MEANING = {
    ExitCode.DONE: "Done.",
    ExitCode.FAILURE: "An expected failure: the message says what to do next.",
    ExitCode.USAGE: "The command line, a name or an answer is wrong.",
    ExitCode.BUG: "A bug in idp. The traceback lies in a log file whose path is printed.",
    ExitCode.DRIFT: "Drift was found, or an update is available.",
    ExitCode.GATE_BLOCKED: "A gate blocks the promotion.",
    ExitCode.CONFLICT: "The update and the service's own edits conflict.",
    ExitCode.CHECKS_FAILED: "At least one check failed.",
    ExitCode.INTERRUPTED: "Interrupted by Ctrl-C; nothing is half done.",
}
_GENERATED = "<!-- Generated from the code by `make docs`; edit the code. -->"


def pages() -> dict[Path, str]:
    """Every generated page: path → text."""
    return {
        DOCS / "standards.md": standards_markdown(),
        DOCS / "reference/cli.md": cli_markdown(),
        DOCS / "reference/exit-codes.md": exit_codes_markdown(),
        DOCS / "reference/environments-yaml.md": release_pages.environments_markdown(_GENERATED),
        DOCS / "reference/environments.schema.json": release_pages.environments_schema(),
        DOCS / "reference/release-record.md": release_pages.record_markdown(_GENERATED),
        DOCS / "reference/release-record.schema.json": release_pages.record_schema(),
    }


def exit_codes_markdown() -> str:
    rows = [f"| {int(code)} | {_MEANING[code]} |" for code in ExitCode]
    return "\n".join([_GENERATED, "# Exit codes", "", "| code | meaning |", "|---|---|", *rows, ""])


def cli_markdown() -> str:
    root = typer.main.get_command(app)
    lines = [_GENERATED, "# The command line", "", str(root.help), ""]
    lines += [
        "`python -m idp` is the same as `idp`. Every command prints text for people, or with `--output json` one",
        "versioned envelope: `{schema_version, command, status, data, errors: [{code, message, hint}]}`.",
        "[Exit codes](exit-codes.md) are a contract.",
        "",
    ]
    for name, command in sorted(_commands(root, "idp")):
        lines += [f"## `{name}`", "", str(command.help), "", *_table(command), ""]
    return "\n".join(lines).rstrip() + "\n"


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, child in getattr(command, "commands", {}).items():
        if getattr(child, "commands", None):
            yield from _commands(child, f"{path} {name}")
        else:
            yield f"{path} {name}", child


def _table(command: Any) -> list[str]:
    rows = [_row(parameter) for parameter in command.params]
    return ["| argument or option | meaning | default |", "|---|---|---|", *rows] if rows else []


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "option":
        names = ", ".join(f"`{name}`" for name in sorted(parameter.opts, key=len, reverse=True))
        shown = f"{names} {_value(parameter)}".strip()
    else:
        shown = f"`{parameter.metavar or parameter.name.upper()}`"
    return f"| {shown} | {parameter.help or ''} | {_default(parameter)} |"


def _value(parameter: Any) -> str:
    """What an option takes: its choices, or the name of its type."""
    kind = parameter.type_descriptor.annotation
    if kind is bool:
        return ""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "\\|".join(f"`{choice.value}`" for choice in kind)
    return f"`{parameter.metavar or _type_name(kind)}`"


def _type_name(kind: object) -> str:
    return (
        {str: "TEXT", int: "NUMBER", Path: "PATH"}.get(kind, "VALUE") if isinstance(kind, type) else "VALUE"
    )


def _default(parameter: Any) -> str:
    shown = getattr(parameter, "show_default", None)
    if isinstance(shown, str):
        return shown
    if parameter.required:
        return "required"
    default = parameter.default
    if default in {None, False, ()}:
        return ""
    return f"`{getattr(default, 'value', default)}`"


def main() -> None:
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(DOCS.parent)}\n")


if __name__ == "__main__":
    main()
