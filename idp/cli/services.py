"""Commands about services: create, run, check, update, status, diff."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from idp.cli.app import app, create_app
from idp.cli.options import (
    CheckOutput,
    DryRunOption,
    Output,
    OutputOption,
    PlatformOption,
    SelectOption,
    ServiceArgument,
    finish,
    refuse,
)
from idp.core.errors import ExitCode


@create_app.command("service")
def create_service(
    name: Annotated[str, typer.Argument(help="The service's name: lower-case letters, digits, hyphens.")],
    template: Annotated[
        str, typer.Option("--template", help="A template of the platform, or any Copier URL or path.")
    ] = "fastapi",
    template_version: Annotated[
        str | None,
        typer.Option("--template-version", help="Exact template version, vX.Y.Z.", show_default="newest"),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", "-d", metavar="NAME=VALUE", help="Answer a template's question."),
    ] = None,
    output_dir: Annotated[
        Path, typer.Option("--output-dir", help="The folder in which the service's own is made.")
    ] = Path(),
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing, take the defaults.")] = False,
    platform: PlatformOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Create a service from a template, as a Git repository with one commit."""
    from idp.output import console
    from idp.services.create import create, verdict

    created = create(
        name,
        template=template,
        version=template_version,
        data=data or (),
        output_dir=output_dir,
        platform=platform,
        ask=not defaults and output is Output.TEXT and sys.stdin.isatty() and sys.stderr.isatty(),
        dry_run=dry_run,
        beside_git=lambda: console.preload("create service", as_json=output is Output.JSON),
    )
    finish("create service", created, verdict(created), as_json=output is Output.JSON)


@app.command()
def register(
    path: ServiceArgument = Path(),
    name: Annotated[
        str | None, typer.Option("--name", help="The service's name.", show_default="as its files say")
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Who owns it, @org/team.", show_default="as answered")
    ] = None,
    description: Annotated[
        str | None,
        typer.Option("--description", help="What it does, in one line.", show_default="as answered"),
    ] = None,
    platform: PlatformOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Add a service to the catalog and the environments, also one that no template made."""
    from idp.output import console
    from idp.services.register import register as command

    done = command(path, name=name, owner=owner, description=description, platform=platform, dry_run=dry_run)
    console.show("register", done, as_json=output is Output.JSON)


@app.command()
def run(
    path: ServiceArgument = Path(),
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65535, help="PORT for the service.", show_default="its own"),
    ] = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Run a service in the foreground, as its own Makefile says."""
    from idp.output import console
    from idp.services import run as command

    if dry_run:
        console.show("run", command.plan(path, port=port), as_json=output is Output.JSON)
        return
    raise typer.Exit(command.run(path, port=port))


@app.command()
def check(
    path: ServiceArgument = Path(),
    live: Annotated[
        bool, typer.Option("--live", help="Start the service and prove the contract over HTTP and signals.")
    ] = False,
    output: Annotated[
        CheckOutput,
        typer.Option("--output", help="text for people, json for programs, sarif for code scanning."),
    ] = CheckOutput.TEXT,
) -> None:
    """Check a service against the platform's standards; exit code 13 where it fails one."""
    from idp.output import console
    from idp.standards import check as command

    with console.progress(enabled=output is CheckOutput.TEXT) as on_progress:
        scorecard = command.check(path, live=live, on_progress=on_progress)
    if output is CheckOutput.SARIF:
        console.show_sarif(scorecard)
    else:
        console.show("check", scorecard, as_json=output is CheckOutput.JSON, error=command.verdict(scorecard))
    if error := command.verdict(scorecard):
        raise typer.Exit(error.exit_code)


@app.command()
def update(
    path: ServiceArgument = Path(),
    to: Annotated[
        str | None, typer.Option("--to", help="Template version, vX.Y.Z.", show_default="newest")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", "-d", metavar="NAME=VALUE", help="Answer a template's question anew."),
    ] = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing, take the defaults.")] = False,
    branch: Annotated[
        bool, typer.Option("--branch", help="Commit to a branch, leave the work tree alone.")
    ] = False,
    markers: Annotated[
        bool, typer.Option("--markers", help="On conflicts write the merge with conflict markers.")
    ] = False,
    abort: Annotated[bool, typer.Option("--abort", help="Undo an update that is not committed.")] = False,
    fleet: Annotated[bool, typer.Option("--fleet", help="Update every service of the catalog.")] = False,
    select: SelectOption = None,
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="I/N", help="With --fleet: the I-th of N parts.")
    ] = None,
    test: Annotated[
        bool,
        typer.Option("--test", help="With --pr or --fleet: `make lint test` on the merge, before any push."),
    ] = False,
    pr: Annotated[
        bool,
        typer.Option("--pr", help="Push a branch to the service's repository, and have one pull request."),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, help="With --fleet: processes.", show_default="one a processor"),
    ] = None,
    platform: PlatformOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Update a service, or with --fleet every service of the catalog, to a newer version of its template."""
    from idp.output import console
    from idp.services import update as command

    as_json = output is Output.JSON
    if fleet:
        only_one = {"PATH": path != Path(), "--data": data, "--markers": markers, "--abort": abort}
        refuse(only_one, "is for one service, not for --fleet")
        _update_fleet(to, select, shard, platform, jobs, test, pr, branch, dry_run, as_json)
    refuse({"--select": select, "--shard": shard, "--jobs": jobs}, "needs --fleet")
    if pr:
        refuse(
            {"--data": data, "--markers": markers, "--abort": abort, "--branch": branch},
            "does not go with --pr",
        )
        _update_origin(path, to, test, dry_run, platform, as_json)
    refuse({"--test": test}, "needs --fleet or --pr")
    if abort:
        console.show("update", command.Aborted(command.abort(path)), as_json=as_json)
        return
    done = command.update(
        path,
        to=to,
        data=data or (),
        ask=not defaults and not as_json and sys.stdin.isatty() and sys.stderr.isatty(),
        dry_run=dry_run,
        branch=branch,
        markers=markers,
        platform=platform,
    )
    finish("update", done, command.verdict(done, markers=markers), as_json=as_json)


def _update_origin(
    path: Path, to: str | None, test: bool, dry_run: bool, platform: str | None, as_json: bool
) -> NoReturn:
    from idp.fleet.model import verdict
    from idp.fleet.update_origin import update_origin
    from idp.output import console

    with console.bar(enabled=not as_json) as on_progress:
        report = update_origin(
            path, to=to, test=test, dry_run=dry_run, on_progress=on_progress, platform=platform
        )
    finish("update", report, verdict(report), as_json=as_json, view="update_fleet")
    raise typer.Exit


def _update_fleet(
    to: str | None,
    select: list[str] | None,
    shard: str | None,
    platform: str | None,
    jobs: int | None,
    test: bool,
    pr: bool,
    branch: bool,
    dry_run: bool,
    as_json: bool,
) -> NoReturn:
    from idp.fleet import update as command
    from idp.fleet.model import verdict
    from idp.output import console

    run = command.FleetRun(
        select=select or (),
        shard=shard,
        to=to,
        jobs=jobs,
        test=test,
        push=branch or pr,
        pull_request=pr,
        dry_run=dry_run,
    )
    with console.bar(enabled=not as_json) as on_progress:
        report = command.update_fleet(run, platform=platform, on_progress=on_progress)
    finish("update", report, verdict(report), as_json=as_json, view="update_fleet")
    raise typer.Exit(ExitCode.INTERRUPTED if report.interrupted else ExitCode.DONE)


@app.command()
def status(
    select: SelectOption = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Look at the services' repositories first, over the network.")
    ] = False,
    drift: Annotated[
        bool, typer.Option("--drift", help="Work out template drift where it is not known yet.")
    ] = False,
    platform: PlatformOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the fleet: template versions, drift, open updates, the release in each environment."""
    from idp.fleet.status import status as command
    from idp.output import console

    as_json = output is Output.JSON
    with console.bar(enabled=not as_json) as on_progress:
        found = command(select or (), platform=platform, fetch=fetch, drift=drift, on_progress=on_progress)
    console.show("status", found, as_json=as_json)


@app.command()
def diff(
    path: ServiceArgument = Path(), platform: PlatformOption = None, output: OutputOption = Output.TEXT
) -> None:
    """Show how a service differs from its template's rendering."""
    from idp.output import console
    from idp.services.diff import diff as command

    console.show("diff", command(path, platform=platform), as_json=output is Output.JSON)
