"""`idp approve`: an annotated tag by somebody else, where no forge with a server takes reviews."""

from dataclasses import dataclass

from idp.core.errors import UserError
from idp.core.names import validate_environment, validate_service
from idp.forges import forge_for
from idp.forges.addresses import local_path
from idp.forges.local.forge import LocalForge
from idp.releases.gates.approvals import identity
from idp.releases.promote import find_place
from idp.releases.promotion_model import promotion_branch


@dataclass(frozen=True)
class Approved:
    """An approval of the newest commit of a promotion's pull request.

    Attributes:
        commit: what was approved; an approval of another one counts for nothing.
        by: whose approval it is.
        title: the pull request's.
    """

    service: str
    environment: str
    branch: str
    commit: str
    by: str
    title: str
    dry_run: bool = False


def approve(
    service: str, environment: str, *, platform: str | None = None, dry_run: bool = False
) -> Approved:
    """Approve the open promotion of a service, as Git's user.

    Raises:
        UsageError: a name is none.
        UserError: no promotion is open, it is one's own, or the forge has reviews of its own.
    """
    branch = promotion_branch(validate_environment(environment), validate_service(service))
    environments = find_place(platform).environments
    forge = _local_forge(environments.source)
    found = forge.find_open(environments.source, branch)
    if found is None:
        raise UserError(
            "pull-request-missing",
            f"No promotion of {service} to {environment} is open.",
            f"Open it with `idp promote {service} --to {environment} --pr`.",
        )
    reviewer = forge.reviewer(environments.source)
    if identity(reviewer) in {identity(author) for author in forge.authors(environments.source, branch)}:
        raise UserError(
            "approval-own",
            f"{reviewer} made this promotion, so somebody else has to approve it.",
            "Ask another person to run this command under their own Git identity.",
        )
    if not dry_run:
        forge.approve(environments.source, branch)
    return Approved(service, environment, branch, found.head_sha, reviewer, found.title, dry_run)


def _local_forge(source: str) -> LocalForge:
    forge = forge_for(source) if local_path(source) is not None else None
    if not isinstance(forge, LocalForge):
        raise UserError(
            "forge-reviews",
            f"{source} takes reviews itself.",
            "Approve the pull request there; the gate reads it.",
        )
    return forge
