"""Commands that move releases through the environments: release, promote, approve, rollback, hold, gate, history."""

from typing import TYPE_CHECKING, Annotated

import typer

from idp.cli.app import app
from idp.cli.options import DryRunOption, Output, OutputOption, PlatformOption, finish
from idp.core.errors import UsageError

if TYPE_CHECKING:
    from idp.releases.promotion_deliver import How

ServiceName = Annotated[str, typer.Argument(help="The service's name.")]
EnvironmentOption = Annotated[str, typer.Option("--env", metavar="ENVIRONMENT", help="In which environment.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the commit and for `idp history`.")]
PullRequestOption = Annotated[
    bool, typer.Option("--pr", help="By a pull request; the default on a forge with a server.")
]
MergeOption = Annotated[
    bool, typer.Option("--merge", help="On the branch itself; the default on a local forge.")
]


@app.command()
def release(
    service: ServiceName,
    version: Annotated[str, typer.Option("--version", help="SemVer without a leading v and without +.")],
    image: Annotated[
        str, typer.Option("--image", metavar="REF@sha256:…", help="The image, named by its digest.")
    ],
    revision: Annotated[
        str, typer.Option("--revision", metavar="SHA", help="The source's commit, 40 hex digits.")
    ],
    check: Annotated[
        list[str] | None,
        typer.Option("--check", metavar="NAME=passed|failed[,URL]", help="How a check went; repeat it."),
    ] = None,
    built_at: Annotated[
        str | None,
        typer.Option("--built-at", metavar="TIME", help="ISO 8601 with a zone.", show_default="now"),
    ] = None,
    sbom_digest: Annotated[
        str | None, typer.Option("--sbom-digest", metavar="sha256:…", help="Of the bill of materials.")
    ] = None,
    provenance: Annotated[
        str | None,
        typer.Option("--provenance", metavar="BUILDER[,URL]", help="Who built it, and the statement."),
    ] = None,
    template_version: Annotated[
        str | None,
        typer.Option(
            "--template-version",
            metavar="vX.Y.Z",
            help="Of the service's template.",
            show_default="the catalog's",
        ),
    ] = None,
    platform: PlatformOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Record what a pipeline built, and pin it in the first environment."""
    from idp.output import console
    from idp.releases import release as command

    build = command.Build(
        version, image, revision, check or (), built_at, sbom_digest, provenance, template_version
    )
    done = command.release(service, build, platform=platform, dry_run=dry_run)
    console.show("release", done, as_json=output is Output.JSON)


@app.command()
def promote(
    service: Annotated[str | None, typer.Argument(help="The service's name.")] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="ENVIRONMENT", help="Where the release goes.")
    ] = None,
    release: Annotated[
        str | None,
        typer.Option("--release", metavar="VERSION", show_default="what the environment before runs"),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every service that has something to promote.")
    ] = False,
    pull_request: PullRequestOption = False,
    merge: MergeOption = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="As --dry-run: what each gate says, why, and when it will pass.")
    ] = False,
    platform: PlatformOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Promote a release to an environment: a pull request that changes one file, if the gates let it."""
    from idp.output import console
    from idp.releases import promote as command
    from idp.releases import promotion_result as result

    how, only = _how(pull_request=pull_request, merge=merge), dry_run or explain
    as_json = output is Output.JSON
    if everything:
        _refuse_together(
            service is not None or release is not None, "--all takes neither a service nor --release"
        )
        all_done = command.promote_all(to, how=how, platform=platform, dry_run=only)
        finish("promote", all_done, result.verdict_of_all(all_done), as_json=as_json)
        return
    if service is None or to is None:
        raise UsageError(
            "usage", "A promotion needs SERVICE and --to ENVIRONMENT, or --all.", "`idp promote --help`"
        )
    with console.preloading("promote", as_json=as_json):
        done = command.promote(service, to, release=release, how=how, platform=platform, dry_run=only)
    finish("promote", done, result.verdict(done), as_json=as_json)


@app.command()
def approve(
    service: ServiceName,
    to: Annotated[str, typer.Option("--to", metavar="ENVIRONMENT", help="Where the release is to go.")],
    platform: PlatformOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Approve somebody else's open promotion, on a local forge."""
    from idp.output import console
    from idp.releases import approve as command

    done = command.approve(service, to, platform=platform, dry_run=dry_run)
    console.show("approve", done, as_json=output is Output.JSON)


@app.command()
def rollback(
    service: ServiceName,
    environment: EnvironmentOption,
    to: Annotated[
        str | None, typer.Option("--to", metavar="VERSION", show_default="the last known good release")
    ] = None,
    reason: ReasonOption = "",
    with_config: Annotated[
        bool, typer.Option("--with-config", help="Take config.env as it was with that release along.")
    ] = False,
    no_hold: Annotated[
        bool, typer.Option("--no-hold", help="Do not hold the release that is left; it may come again.")
    ] = False,
    pull_request: PullRequestOption = False,
    merge: MergeOption = False,
    platform: PlatformOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Go back to the last release that was good in an environment, and hold the one that is left."""
    from idp.output import console
    from idp.releases import promotion_result as result
    from idp.releases import rollback as command

    how, as_json = _how(pull_request=pull_request, merge=merge), output is Output.JSON
    with console.preloading("rollback", as_json=as_json):
        done = command.rollback(
            service,
            environment,
            to=to,
            reason=reason,
            with_config=with_config,
            hold=not no_hold,
            how=how,
            platform=platform,
            dry_run=dry_run,
        )
    finish("rollback", done, result.verdict(done), as_json=as_json)


@app.command()
def hold(
    service: ServiceName,
    environment: EnvironmentOption,
    release: Annotated[str, typer.Option("--release", metavar="VERSION", help="Which release.")],
    reason: ReasonOption = "",
    lift: Annotated[bool, typer.Option("--lift", help="End the hold instead.")] = False,
    platform: PlatformOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Bar a release from an environment, or let it in again."""
    from idp.output import console
    from idp.releases import hold as command

    done = command.hold(
        service, environment, release, reason=reason, lift=lift, platform=platform, dry_run=dry_run
    )
    console.show("hold", done, as_json=output is Output.JSON)


@app.command()
def gate(
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="REF", show_default="of the pull request that the pipeline runs for"),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="REF", show_default="of that pull request, else HEAD"),
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Judge a pull request's changes of environments, in a checkout; the required check of a promotion."""
    from idp.releases import gate as command

    done = command.gate(base=base, head=head)
    finish("gate", done, command.verdict(done), as_json=output is Output.JSON)


@app.command()
def history(
    service: Annotated[str | None, typer.Argument(help="Only this service's.")] = None,
    environment: Annotated[
        str | None, typer.Option("--env", metavar="ENVIRONMENT", help="Only this environment's.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="2026-11-01, or back from now: 30d, 8w.")
    ] = None,
    platform: PlatformOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show who moved what when, and how delivery goes: frequency, lead time, failures, time to restore."""
    from idp.output import console
    from idp.releases import history as command

    found = command.history(service, environment=environment, since=since, platform=platform)
    console.show("history", found, as_json=output is Output.JSON)


def _how(*, pull_request: bool, merge: bool) -> "How | None":
    from idp.releases.promotion_deliver import How

    _refuse_together(pull_request and merge, "--pr and --merge exclude each other")
    return How.PULL_REQUEST if pull_request else How.MERGE if merge else None


def _refuse_together(wrong: bool, why: str) -> None:
    if wrong:
        raise UsageError("usage", f"{why}.", "`--help` shows what goes together.")
