"""Template versions: `vX.Y.Z` tags of the platform repository, ordered as PEP 440 orders them."""

from collections.abc import Iterable
from functools import total_ordering

from packaging.version import InvalidVersion, Version

from idp.core.errors import UserError


@total_ordering
class TemplateVersion:
    """One tag, compared by version."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.version = Version(tag)

    @property
    def is_prerelease(self) -> bool:
        return self.version.is_prerelease

    def __lt__(self, other: "TemplateVersion") -> bool:
        return self.version < other.version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TemplateVersion) and self.version == other.version

    def __hash__(self) -> int:
        return hash(self.version)

    def __repr__(self) -> str:
        return f"TemplateVersion({self.tag!r})"


def versions(tags: Iterable[str]) -> list[TemplateVersion]:
    """The tags that are versions, newest first. A bare major such as `v1` is no version: it would move."""
    found = []
    for tag in tags:
        try:
            version = TemplateVersion(tag)
        except InvalidVersion:
            continue
        if "." in tag:
            found.append(version)
    return sorted(found, reverse=True)


def is_older(name: str, than: str) -> bool:
    """Whether both are versions, and the first is the lower one; Git's descriptions count as their tag."""
    try:
        return Version(name.partition("-")[0]) < Version(than.partition("-")[0])
    except InvalidVersion:
        return False


def choose(tags: Iterable[str], wanted: str | None) -> str | None:
    """The tag to use: the wanted one, else the newest release, else None (the repository has no version yet).

    Raises:
        UserError: the wanted version is not among the tags.
    """
    available = versions(tags)
    if wanted is None:
        releases = [version for version in available if not version.is_prerelease] or available
        return releases[0].tag if releases else None
    for version in available:
        if version.tag in {wanted, f"v{wanted}"}:
            return version.tag
    newest = ", ".join(version.tag for version in available[:5]) or "none yet"
    raise UserError(
        "template-version-unknown",
        f"The platform has no template version {wanted!a}.",
        f"Its newest versions: {newest}. `idp templates` lists them.",
    )
