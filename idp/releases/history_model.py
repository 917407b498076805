"""Who moved what when: read from the commits that changed a release pin, whoever made them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from idp.environments.pin import Pin
from idp.releases.trailers import trailers


class MoveKind(StrEnum):
    """What a move did."""

    RELEASE = "release"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    EDIT = "edit"
    REMOVE = "remove"


@dataclass(frozen=True)
class PinChange:
    """What a commit did to one release.env; None: there is none, or it cannot be read."""

    environment: str
    service: str
    before: Pin | None
    after: Pin | None


@dataclass(frozen=True)
class PinCommit:
    """A commit of the environments repository that changed release.env files, seen from its first parent.

    Attributes:
        at: the committer's time, with a time zone.
        by: the author, `Name <address>`.
        merged: of a merge, the messages of the commits that it brought: a forge's own message says nothing of pins.
    """

    commit: str
    at: datetime
    by: str
    message: str
    changes: tuple[PinChange, ...]
    merged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Move:
    """One service's pin in one environment, moved.

    Attributes:
        kind: as the commit says; `edit` if it says nothing of this pin, as a commit made by hand.
        before, after: what was pinned and what is; None if nothing that can be read.
        reason: the commit's, empty if it gives none.
    """

    commit: str
    at: datetime
    by: str
    environment: str
    service: str
    kind: MoveKind
    before: Pin | None
    after: Pin | None
    reason: str


def moves(commits: Iterable[PinCommit]) -> tuple[Move, ...]:
    """The moves that commits made, in the commits' order; a change of comments alone is none."""
    return tuple(
        _move(commit, change)
        for commit in commits
        for change in commit.changes
        if change.before != change.after
    )


def _move(commit: PinCommit, change: PinChange) -> Move:
    messages = [trailers(message) for message in (commit.message, *commit.merged)]
    said = next((said for said in messages if _tells_of(said, change)), {})
    return Move(
        commit.commit,
        commit.at,
        commit.by,
        change.environment,
        change.service,
        _kind(said, change),
        change.before,
        change.after,
        said.get("Idp-Reason", ""),
    )


def _tells_of(said: dict[str, str], change: PinChange) -> bool:
    """Whether a commit's trailers are about this change; what the file says outweighs what the message says."""
    return (said.get("Idp-Service"), said.get("Idp-Environment"), said.get("Idp-Release")) == (
        change.service,
        change.environment,
        change.after.version if change.after else None,
    )


def _kind(said: dict[str, str], change: PinChange) -> MoveKind:
    known = {kind.value: kind for kind in (MoveKind.RELEASE, MoveKind.PROMOTE, MoveKind.ROLLBACK)}
    return known.get(said.get("Idp-Action", ""), _unsaid(change))


def _unsaid(change: PinChange) -> MoveKind:
    return MoveKind.EDIT if change.after else MoveKind.REMOVE
