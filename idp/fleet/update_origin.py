"""`idp update --pr` on one service: what a fleet update does, for the repository that is its `origin`."""

from pathlib import Path

from idp.core.errors import UserError
from idp.environments.catalog import CatalogEntry, Listed
from idp.fleet import plan as fleet_plan
from idp.fleet.model import FleetReport, fleet_report
from idp.fleet.plan import OnProgress
from idp.fleet.work import FleetOptions, work
from idp.git import addresses
from idp.git import run as git
from idp.services import repository as service_repository
from idp.services.template_source import template_source
from idp.templates import store as template_store


def update_origin(
    path: Path,
    *,
    to: str | None,
    test: bool,
    dry_run: bool,
    on_progress: OnProgress,
    platform: str | None = None,
) -> FleetReport:
    """Update the service on its remote: a branch and one pull request; the work tree is not touched.

    Args:
        path: the service's folder, whose `origin` is the repository that is updated, at its default branch.
        to: template version; None takes the newest.
        test: run the service's own checks on the merge, first.
        dry_run: write nothing.
        on_progress: told (done, of, what).
        platform: URL or path to read the template from; None: see `template_source`.

    Raises:
        UserError: it is no service, has no `origin`, or is only a folder of its repository.
    """
    template_store.forget_lookups()
    service = service_repository.open_service(path)
    if service.subfolder:
        raise UserError(
            "service-in-subfolder",
            f"{service.name} is a folder of its repository; --pr updates whole repositories.",
            "Use --branch, push the branch and open the pull request by hand.",
        )
    address = git.remote_url(service.repository)
    if address is None:
        raise UserError(
            "no-origin", f"{service.repository} has no remote `origin`.", "git remote add origin URL"
        )
    addresses.validate_repository(service.name, address)
    entry = CatalogEntry(service.name, address, service.answers.template or "", None, None, None)
    source = template_source(service.answers, platform)
    plan = fleet_plan.plan([Listed(service.name, entry)], to, on_progress, lambda _: source)
    options = FleetOptions(test=test, push=not dry_run, pull_request=not dry_run)
    done = [*plan.settled, *(work(planned, options) for planned in plan.to_do)]
    return fleet_report(service.answers.source, done, (), dry_run=dry_run)
