"""Options that several commands share, and how a command ends."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from idp.core.errors import IdpError, UsageError


class Output(StrEnum):
    """How a command prints its result."""

    TEXT = "text"
    JSON = "json"


class CheckOutput(StrEnum):
    """How `idp check` prints its result."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


OutputOption = Annotated[Output, typer.Option("--output", help="text for people, json for programs.")]
PlatformOption = Annotated[
    str | None,
    typer.Option(
        "--platform", help="URL or path of the platform repository.", show_default="found, see `idp doctor`"
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, do nothing.")]
SelectOption = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        metavar="EXPR",
        help="Services of the catalog: FIELD=PATTERN,FIELD!=PATTERN,… (all hold); repeat it for `or`. "
        "Fields: name, template, template_version, owner, repository.",
    ),
]
ServiceArgument = Annotated[Path, typer.Argument(help="The service's folder.")]


def refuse(options: Mapping[str, object], why: str) -> None:
    """A usage error about the first option that is given."""
    for name, value in options.items():
        if value:
            raise UsageError("usage", f"{name} {why}.", "`idp update --help` shows what goes together.")


def finish(
    name: str, data: object, error: IdpError | None, *, as_json: bool, view: str | None = None
) -> None:
    """Print a result and what is wrong with it; the exit code is the error's."""
    from idp.output import console

    console.show(name, data, as_json=as_json, error=error, view=view)
    if error:
        if not as_json:
            console.show_error(name, error, as_json=False)
        raise typer.Exit(error.exit_code)
