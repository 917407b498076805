"""Which release to go back to: chosen by the topology of Git's history alone, never by time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from idp.environments.pin import Pin
from idp.releases.good_mark import GoodMark
from idp.releases.hold_mark import Hold, barring


@dataclass(frozen=True)
class Candidate:
    """A release that was good in the environment, and the commit of the environments repository that ran it."""

    pin: Pin
    commit: str
    mark: GoodMark


@dataclass(frozen=True)
class PassedOver:
    """A commit with a good mark that is not gone back to, and why."""

    commit: str
    version: str
    reason: str


@dataclass(frozen=True)
class Choice:
    """What was found; `passed_over` says, newest first, which commits with a mark came before it."""

    found: Candidate | None
    passed_over: tuple[PassedOver, ...]


def last_known_good(
    environment: str,
    service: str,
    present: Pin,
    *,
    first_parents: Sequence[str],
    marks: Iterable[GoodMark],
    pins: Mapping[str, Pin],
    holds: Iterable[Hold],
) -> Choice:
    """The newest first-parent ancestor whose release was good there, is another digest than now, and is not held.

    Args:
        environment: where to go back.
        service: what.
        present: the release that is pinned now.
        first_parents: the branch's commits from its tip, first parents only, newest first.
        marks: good marks; those of other services or environments count for nothing.
        pins: commit → the service's pin in the environment then, for each of those commits that has a mark.
        holds: the active holds.
    """
    on_commit = defaultdict(list)
    for mark in marks:
        if (mark.environment, mark.service) == (environment, service):
            on_commit[mark.commit].append(mark)
    standing = tuple(holds)
    passed_over: list[PassedOver] = []
    for commit in first_parents:
        for mark in on_commit.get(commit, ()):
            pin = pins.get(commit)
            reason = _objection(
                mark, pin, present, barring(standing, environment, service, pin) if pin else None
            )
            if pin is not None and not reason:
                return Choice(Candidate(pin, commit, mark), tuple(passed_over))
            passed_over.append(PassedOver(commit, mark.version, reason))
    return Choice(None, tuple(passed_over))


def _objection(mark: GoodMark, pin: Pin | None, present: Pin, hold: Hold | None) -> str:
    if pin is None:
        return "the commit has no readable release.env"
    if (pin.version, pin.digest) != (mark.version, mark.digest):
        return f"the commit pins {pin.version}, not what its good mark names"
    if pin.digest == present.digest:
        return "it is the image that is pinned now"
    if hold is not None:
        return f"held: {hold.reason or 'no reason was given'}"
    return ""
