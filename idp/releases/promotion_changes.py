"""The commits of a promotion: the overlay first where there is none yet, then the one file."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from idp.environments import overlay, repository
from idp.environments.pin import pin_text
from idp.environments.repository import Change, Environments
from idp.forges.addresses import local_path
from idp.platform.model import Platform
from idp.releases.promotion_branch import PromotionBranch, find
from idp.releases.promotion_model import PromotionPlan, promotion_branch, promotion_message
from idp.releases.trailers import trailers

Moves = Mapping[str, tuple[str | None, str | None]]


def pin_changes(
    environments: Environments,
    platform: Platform,
    commit: str,
    plan: PromotionPlan,
    present_file: bytes | None,
    also: Mapping[PurePosixPath, bytes],
) -> list[Change]:
    """What a plan writes, on top of a commit.

    Args:
        environments: where.
        platform: has the overlay's template, if the environments' own repository has none.
        commit: what it is based on.
        plan: what is to be pinned.
        present_file: the release.env as it is; its comments stay.
        also: further files of the same commit.

    Raises:
        AdapterError: the overlay cannot be rendered.
    """
    missing = missing_overlay(environments, platform, commit, plan.environment, plan.service)
    pin = Change({plan.path: pin_text(plan.release, present_file), **also}, promotion_message(plan))
    return [*([missing] if missing else []), pin]


def missing_overlay(
    environments: Environments, platform: Platform, commit: str, environment: str, service: str
) -> Change | None:
    """The commit that adds a service's overlay to an environment, None if it has one."""
    folder = overlay.folder(environment, service)
    if any(not path.endswith("/release.env") for path in repository.listing(environments, commit, folder)):
        return None
    from idp.environments import overlay_files
    from idp.templates import store as template_store

    template = overlay_files.template(environments.git_dir, commit)
    if template is None:
        elsewhere = template_store.known_repository(platform.source)
        template = overlay_files.template(elsewhere) if elsewhere else None
    if template is None:
        return None
    message = (
        f"chore({environment}): add the overlay of {service}\n\n"
        f"Idp-Action: overlay\nIdp-Service: {service}\nIdp-Environment: {environment}\n"
    )
    return Change(overlay_files.service_files(template, service, [environment]), message)


def settle_pull_request(environments: Environments, plan: PromotionPlan, commit: str, pin: bytes) -> Moves:
    """The references that move when the pin is written without its pull request: that is then done with.

    Its branch is deleted, by which a forge with a server closes it, unless it holds somebody's own commits.

    Args:
        environments: where.
        plan: what is written.
        commit: what that is based on.
        pin: the release.env that is written.
    """
    branch = promotion_branch(plan.environment, plan.service)
    found = find(environments, branch, commit)
    if found is None:
        return {}
    moves: dict[str, tuple[str | None, str | None]] = {}
    if local_path(environments.source) is not None:
        from idp.forges.local import pull as local_pull

        same = repository.read(environments, found.tip, [plan.path]).get(str(plan.path)) == pin
        comment = f"`idp {plan.action}` pinned {plan.release.version}."
        moves |= local_pull.settled(environments.git_dir, branch, "merged" if same else "closed", comment)
    if is_own(found, plan.environment, plan.service) and not found.checked_out:
        moves[f"refs/heads/{branch}"] = (found.tip, None)
    return moves


def is_own(branch: PromotionBranch, environment: str, service: str) -> bool:
    """Whether every commit of a promotion's branch is idp's: then nobody's work is lost with it."""
    said = [trailers(message) for message in branch.messages]
    return branch.base is not None and all(
        (one.get("Idp-Service"), one.get("Idp-Environment")) == (service, environment) for one in said
    )
