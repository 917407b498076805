"""`idp doctor --github`: are a repository's settings what the guide asks for?"""

from dataclasses import dataclass
from pathlib import Path

from idp.core.errors import ChecksFailed, UserError
from idp.doctor.github_rules import SettingResult, SettingState, judge
from idp.forges.addresses import local_path
from idp.git import run as git
from idp.platform.find import find_platform

GUIDE = "docs/how-to/protect-repositories.md"


@dataclass(frozen=True)
class RepositoryDiagnosis:
    """`kind`: `platform` where the repository holds environments, else `service`."""

    repository: str
    kind: str
    results: tuple[SettingResult, ...]

    def count(self, state: SettingState) -> int:
        return sum(result.state is state for result in self.results)


def doctor_github(*, repository: str | None = None, platform: str | None = None) -> RepositoryDiagnosis:
    """Compare a repository's settings with the guide. Changes nothing.

    Args:
        repository: `OWNER/NAME` or an address; None is the `origin` of the platform.
        platform: as everywhere, only looked at without a repository.

    Raises:
        UserError: no such address, no `origin`, or no credentials.
        AdapterError: GitHub does not answer, or does not show the repository.
    """
    address = repository or _origin(platform)
    from idp.doctor.github_repository import read_settings

    settings = read_settings(address)
    kind = "service" if settings.chain == () else "platform"
    return RepositoryDiagnosis(settings.repository, kind, judge(settings))


def verdict(diagnosis: RepositoryDiagnosis) -> ChecksFailed | None:
    """The error that counts what failed, None where nothing did."""
    failed = diagnosis.count(SettingState.FAILED)
    if not failed:
        return None
    message = (
        f"{diagnosis.repository}: {failed} of {len(diagnosis.results)} settings are not as they should be."
    )
    return ChecksFailed(
        "github-settings-failed", message, f"Follow the fix of each; {GUIDE} has the reasons."
    )


def _origin(platform: str | None) -> str:
    source = find_platform(platform, Path.cwd()).source
    folder = local_path(source)
    address = source if folder is None else git.remote_url(folder)
    if address is None:
        raise UserError(
            "no-origin",
            f"The platform in {folder} has no remote `origin`.",
            "Name one: --repository OWNER/NAME.",
        )
    return address
