"""What stands against a change of environments: each pin that it moves, each file that it must not touch."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from idp.core.errors import IdpError, UserError
from idp.core.names import validate_service
from idp.environments import repository
from idp.environments.chain import CHAIN_PATH, Environment, parse_chain
from idp.environments.lineage import at_commits, first_parents
from idp.environments.pin import Pin, parse_pin
from idp.releases import facts as promotion_facts
from idp.releases.changed_files import ChangedFile, Range
from idp.releases.facts import Known
from idp.releases.gates import evaluate
from idp.releases.gates.evidence import is_about
from idp.releases.gates.model import GateResult, GateState, PromotionFacts, Unreadable
from idp.releases.hold_mark import active
from idp.releases.promotion_evidence import forge_checks, with_reviews
from idp.releases.promotion_model import Action
from idp.releases.record import ReleaseRecord, parse_record
from idp.releases.trailers import trailers

_PIN = re.compile(r"environments/([^/]+)/([^/]+)/release\.env")
_RECORD = re.compile(r"environments/releases/([^/]+)/([^/]+)\.json")


@dataclass(frozen=True)
class Judged:
    """One thing that a change does, and what each gate says of it.

    Attributes:
        subject: `payments in prod`, or a path.
        before, after: versions; None where there is none.
    """

    subject: str
    results: Sequence[GateResult]
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Judge:
    """Judges one change by the chain, gates and records of its base: a change cannot loosen its own gates.

    Attributes:
        branch: the pull request's, None if it is not known.
        tags_missing: why marks and holds may be out of date, empty if they are not.
    """

    change: Range
    branch: str | None
    tags_missing: str

    def all(self) -> list[Judged]:
        """Everything in the change that there is a rule for.

        Raises:
            UserError: the base has no valid chain, or the clone is shallow.
        """
        repository.refuse_shallow(self.change.environments)
        pins = [(match, file) for file in self.change.files if (match := _PIN.fullmatch(file.path))]
        found = [self._other(file) for file in self.change.files]
        known = self._known(sorted({match[2] for match, _ in pins})) if pins else None
        found += [self._pin(known, match[1], match[2], file) for match, file in pins if known]
        return [one for one in found if one is not None]

    def _known(self, names: Sequence[str]) -> Known:
        """What the base knows; only where the change brings the first chain, what it says itself."""
        environments, base = self.change.environments, self.change.base
        has_chain = CHAIN_PATH in repository.read(environments, base, [CHAIN_PATH])
        services = [name for name in names if not _fault_of_name(name)]
        return promotion_facts.known(environments, base if has_chain else self.change.head, services)

    def _read(self, commit: str, path: str) -> bytes | None:
        return repository.read(self.change.environments, commit, [path]).get(path)

    def _other(self, file: ChangedFile) -> Judged | None:
        """A chain that is not valid, a record that is not or that is rewritten."""
        then = self._read(self.change.head, file.path)
        if file.path == CHAIN_PATH:
            reason = _chain_fault(then)
        elif _RECORD.fullmatch(file.path):
            now = self._read(self.change.base, file.path)
            rewritten = file.status != "A" or (now is not None and now != then)
            reason = (
                "A release record is written once and never changed or deleted."
                if rewritten
                else _record_fault(then, file.path)
            )
        else:
            return None
        reason = reason or ("" if file.plain else "It is no plain file.")
        name = "chain" if file.path == CHAIN_PATH else "record"
        return Judged(file.path, (GateResult(name, GateState.FAILED, reason),)) if reason else None

    def _pin(self, known: Known, environment: str, service: str, file: ChangedFile) -> Judged | None:
        content = self._read(self.change.head, file.path)
        subject = f"{service} in {environment}"
        reason = _fault_of_name(service)
        if environment not in known.chain.names:
            reason = f"There is no environment {environment!a}: the chain is {' → '.join(known.chain.names)}."
        elif not file.plain:
            reason = "release.env is no plain file."
        if reason:
            return Judged(subject, (GateResult("pin", GateState.FAILED, reason),))
        before = _readable(known, environment, service)
        if content is None:
            gone = GateResult("pin", GateState.PASSED, "The release is taken out; none comes in.")
            return Judged(subject, (gone,), before.version if before else None)
        try:
            after = parse_pin(content, file.path)
        except UserError as error:
            return Judged(subject, (GateResult("pin", GateState.FAILED, error.message),))
        if after == before:
            return None
        results = self._results(known, known.chain.get(environment), service, before, after)
        return Judged(subject, results, before.version if before else None, after.version)

    def _results(
        self, known: Known, environment: Environment, service: str, before: Pin | None, after: Pin
    ) -> tuple[GateResult, ...]:
        marks = known.marks_of(service)
        unread = Unreadable(self.tags_missing) if self.tags_missing else None
        record = self._record(known, environment, service, after.version)
        facts = PromotionFacts(
            datetime.now(UTC),
            service,
            environment.name,
            after,
            record,
            before,
            unread or marks.good,
            unread or active(marks.holds),
        )
        if self._is_rollback(known, facts):
            said = GateResult(
                "rollback", GateState.PASSED, f"This release was good in {environment.name} before."
            )
            return (said, *evaluate(Environment(environment.name), facts))
        address = _address(known, service)
        facts = replace(facts, forge_checks=forge_checks(address, environment, after, record))
        if self.branch is not None:
            facts = with_reviews(facts, self.change.environments, self.branch, environment)
        return (_record_result(facts), *evaluate(environment, facts))

    def _record(
        self, known: Known, environment: Environment, service: str, version: str
    ) -> ReleaseRecord | Unreadable | None:
        """The base's: evidence that comes with the change itself proves nothing, but in the first environment."""
        try:
            found = promotion_facts.record(known.environments, known.commit, service, version)
            if found is None and environment == known.chain.first:
                found = promotion_facts.record(known.environments, self.change.head, service, version)
        except UserError as error:
            return Unreadable(error.message)
        return found

    def _is_rollback(self, known: Known, facts: PromotionFacts) -> bool:
        """Whether a commit says so, and the very pin was found good on this branch: saying it is not enough."""
        wanted = (Action.ROLLBACK.value, facts.service, facts.environment, facts.release.version)
        said = (trailers(message) for message in self.change.messages)
        keys = ("Idp-Action", "Idp-Service", "Idp-Environment", "Idp-Release")
        if isinstance(facts.good_marks, Unreadable) or wanted not in {
            tuple(one.get(key) for key in keys) for one in said
        }:
            return False
        commits = {
            mark.commit
            for mark in facts.good_marks
            if mark.environment == facts.environment and mark.digest == facts.release.digest
        } & set(first_parents(known.environments, self.change.base))
        path = f"environments/{facts.environment}/{facts.service}/release.env"
        contents = at_commits(known.environments, commits, path).values()
        return any(_parsed(content, path) == facts.release for content in contents)


def _record_result(facts: PromotionFacts) -> GateResult:
    record, name = facts.record, "record"
    if isinstance(record, Unreadable):
        return GateResult(name, GateState.ERRORED, record.reason)
    if record is None:
        reason = (
            f"{facts.release.version} has no release record that was there before: `idp release` writes it."
        )
        return GateResult(name, GateState.FAILED, reason)
    if not is_about(record, facts) or record.image != facts.release.image:
        reason = (
            f"release.env pins {facts.release.image}, the record of {record.version} names {record.image}."
        )
        if record.image == facts.release.image:
            reason = f"release.env names another revision than the record of {record.version}."
        return GateResult(name, GateState.FAILED, reason)
    return GateResult(name, GateState.PASSED, "release.env is what the release record says.")


def _chain_fault(content: bytes | None) -> str:
    if content is None:
        return "The chain of environments is deleted."
    try:
        parse_chain(content)
    except UserError as error:
        return error.message
    return ""


def _record_fault(content: bytes | None, path: str) -> str:
    try:
        parse_record(content or b"", path)
    except UserError as error:
        return error.message
    return ""


def _fault_of_name(name: str) -> str:
    try:
        validate_service(name)
    except IdpError as error:
        return error.message
    return ""


def _readable(known: Known, environment: str, service: str) -> Pin | None:
    """What the base pins; a change may well mend what is malformed there."""
    content = known.pin_file(environment, service)
    return None if content is None else _parsed(content, "release.env")


def _parsed(content: bytes, path: str) -> Pin | None:
    try:
        return parse_pin(content, path)
    except UserError:
        return None


def _address(known: Known, service: str) -> str | None:
    try:
        return known.entry(service).repository
    except UserError:
        return None
