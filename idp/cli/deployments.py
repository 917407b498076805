"""Commands that have an environment run its releases: deploy."""

from typing import Annotated

import typer

from idp.cli.app import app
from idp.cli.options import DryRunOption, Output, OutputOption, PlatformOption, finish
from idp.environments.target import Target


@app.command()
def deploy(
    environment: Annotated[str, typer.Argument(metavar="ENV", help="The environment.")],
    service: Annotated[
        str | None, typer.Argument(metavar="SERVICE", help="One service.", show_default="all of them")
    ] = None,
    target: Annotated[
        Target | None,
        typer.Option("--target", help="What to deploy to.", show_default="as environments.yaml says"),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, help="Seconds in which a service has to be ready.")
    ] = 120,
    platform: PlatformOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Deploy what an environment's release pins say, verify it, roll a bad release back by itself."""
    from idp.deployments import deploy as command
    from idp.output import console

    as_json = output is Output.JSON
    with console.progress(enabled=not as_json) as on_progress:
        result = command.deploy(
            environment,
            service,
            target=target,
            platform=platform,
            timeout=timeout,
            dry_run=dry_run,
            on_service=lambda name, text: on_progress(f"{environment}: {name} {text}"),
        )
    finish("deploy", result, command.verdict(result), as_json=as_json)
