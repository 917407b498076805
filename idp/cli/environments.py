"""Commands about environments: env list, show, check, add, remove; bundle."""

from pathlib import Path
from typing import Annotated

import typer

from idp.cli.app import app
from idp.cli.options import DryRunOption, Output, OutputOption, PlatformOption, finish

env_app = typer.Typer(
    help="Show and change the chain of environments, and which services they have.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(env_app, name="env")

EnvironmentArgument = Annotated[
    str, typer.Argument(metavar="ENV", help="The environment's name.", show_default=False)
]
ServiceInEnvironment = Annotated[
    str | None,
    typer.Argument(
        metavar="SERVICE",
        help="A service: in that environment alone.",
        show_default="the environment itself",
    ),
]


@env_app.command("list")
def env_list(platform: PlatformOption = None, output: OutputOption = Output.TEXT) -> None:
    """List the chain: gates, services, releases."""
    from idp.environments import env as command

    found = command.show(platform=platform)
    finish("env list", found, command.verdict(found), as_json=output is Output.JSON)


@env_app.command("show")
def env_show(
    environment: EnvironmentArgument, platform: PlatformOption = None, output: OutputOption = Output.TEXT
) -> None:
    """Show one environment: gates, services, releases."""
    from idp.environments import env as command

    found = command.show(environment, platform=platform)
    finish("env show", found, command.verdict(found), as_json=output is Output.JSON)


@env_app.command("check")
def env_check(
    environment: Annotated[
        str | None, typer.Argument(metavar="ENV", help="One environment.", show_default="all of them")
    ] = None,
    service: Annotated[
        str | None, typer.Argument(metavar="SERVICE", help="One service.", show_default="all of them")
    ] = None,
    platform: PlatformOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Check overlays as Kustomize and Compose read them: valid, and with the image of release.env."""
    from idp.environments import env as command

    done = command.check(environment, service, platform=platform)
    finish("env check", done, command.check_verdict(done), as_json=output is Output.JSON)


@env_app.command("add")
def env_add(
    environment: EnvironmentArgument,
    service: ServiceInEnvironment = None,
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="ENV", help="Which one it follows.", show_default="the last"),
    ] = None,
    platform: PlatformOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Add an environment to the chain, or a service to an environment, as one commit."""
    from idp.environments import env as command

    done = command.add(environment, service, after=after, platform=platform, dry_run=dry_run)
    finish("env add", done, None, as_json=output is Output.JSON)


@env_app.command("remove")
def env_remove(
    environment: EnvironmentArgument,
    service: ServiceInEnvironment = None,
    force: Annotated[bool, typer.Option("--force", help="Also where something is released there.")] = False,
    platform: PlatformOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Take an environment out of the chain, or a service out of an environment, as one commit.

    What runs there is not stopped; Git's history keeps the files.
    """
    from idp.environments import env as command

    done = command.remove(environment, service, force=force, platform=platform, dry_run=dry_run)
    finish("env remove", done, None, as_json=output is Output.JSON)


@app.command()
def bundle(
    service: Annotated[str, typer.Argument(help="The service's name.")],
    environment: Annotated[
        str, typer.Option("--env", metavar="ENV", help="The environment.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="The archive's path, or a folder.", show_default="SERVICE-VERSION-ENV.tar.gz here"
        ),
    ] = None,
    platform: PlatformOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Pack what an environment runs of a service: manifests, Compose file, release record, checksums."""
    from idp.releases.bundle import bundle as command

    done = command(service, environment, out=out, platform=platform, dry_run=dry_run)
    finish("bundle", done, None, as_json=output is Output.JSON)
