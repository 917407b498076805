"""The Typer application that every command of this package joins."""

from typing import Annotated

import typer

from idp import __version__

app = typer.Typer(
    name="idp",
    help="IDP-Lite: services from versioned templates, checked, kept up to date, promoted by pull request.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
create_app = typer.Typer(help="Create something new.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(create_app, name="create")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"idp {__version__}")
        raise typer.Exit


@app.callback()
def idp(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print idp's version.")
    ] = False,
) -> None:
    """IDP-Lite: services from versioned templates, checked, kept up to date, promoted by pull request."""
