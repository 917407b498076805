"""Commands about platforms and this machine: templates, init, doctor, demo."""

from pathlib import Path
from typing import Annotated

import typer

from idp.cli.app import app
from idp.cli.options import DryRunOption, Output, OutputOption, PlatformOption, finish
from idp.core.errors import UsageError


@app.command()
def templates(platform: PlatformOption = None, output: OutputOption = Output.TEXT) -> None:
    """List the platform's templates and versions."""
    from idp.output import console
    from idp.templates.list import templates as command

    console.show("templates", command(platform=platform), as_json=output is Output.JSON)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="The new repository's folder.")],
    repository: Annotated[
        str | None,
        typer.Option("--repository", metavar="ORG/REPO", help="What it will be called on GitHub."),
    ] = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Make a platform repository of your own from the one that idp carries."""
    from idp.demo.init import init as command
    from idp.output import console

    console.show("init", command(path, repository=repository, dry_run=dry_run), as_json=output is Output.JSON)


@app.command()
def doctor(
    platform: PlatformOption = None,
    github: Annotated[
        bool, typer.Option("--github", help="Look at a repository's settings on GitHub instead.")
    ] = False,
    repository: Annotated[
        str | None,
        typer.Option(
            "--repository",
            metavar="OWNER/NAME",
            help="With --github: which repository.",
            show_default="the platform's origin",
        ),
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Look whether this machine, or a repository on GitHub, has what idp and its services need."""
    if repository and not github:
        raise UsageError("usage", "--repository goes with --github.", "idp doctor --github --repository O/N")
    if github:
        _doctor_github(repository, platform, as_json=output is Output.JSON)
        return
    from idp.doctor import doctor as command
    from idp.output import console

    diagnosis = command.doctor(platform=platform)
    error = command.verdict(diagnosis)
    console.show("doctor", diagnosis, as_json=output is Output.JSON, error=error)
    if error:
        raise typer.Exit(error.exit_code)


def _doctor_github(repository: str | None, platform: str | None, *, as_json: bool) -> None:
    from idp.doctor import github as command

    diagnosis = command.doctor_github(repository=repository, platform=platform)
    finish("doctor", diagnosis, command.verdict(diagnosis), as_json=as_json, view="doctor_github")


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the demo's folder behind.")] = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show everything at work: a platform, a service, its checks, a release promoted and one rolled back."""
    from idp.demo import demo as command
    from idp.output import console

    if dry_run:
        console.show("demo", command.DemoPlan(command.STEPS), as_json=output is Output.JSON)
        return
    with console.steps(command.STEPS, enabled=output is Output.TEXT) as on_step:
        done = command.demo(keep=keep, on_step=on_step)
    console.show("demo", done, as_json=output is Output.JSON)
