"""Approvals: enough people other than the authors approved the pull request as it stands now."""

import unicodedata

from idp.environments.chain import Approvals, Environment
from idp.forges.pull_request import Review
from idp.releases.gates.answers import errored, failed, passed, pending
from idp.releases.gates.model import GateResult, PromotionFacts, Unreadable

NAME = "approvals"


def approvals(environment: Environment, facts: PromotionFacts) -> GateResult:
    needed = environment.gates.approvals or Approvals(1)
    for what, fact in (
        ("The reviews", facts.reviews),
        ("The pull request", facts.head),
        ("Its authors", facts.authors),
    ):
        if isinstance(fact, Unreadable):
            return errored(NAME, what, fact)
    return _judged(needed, facts)


def _judged(needed: Approvals, facts: PromotionFacts) -> GateResult:
    reviews, head, authors = facts.reviews, facts.head, facts.authors
    if reviews is None or head is None:
        return pending(NAME, f"{_people(needed.count)} to approve; no pull request is open yet.")
    if isinstance(reviews, Unreadable) or isinstance(authors, Unreadable) or not authors:
        return errored(NAME, "The pull request's authors", Unreadable("nobody is named"))
    against = sorted({each.author for each in reviews if not each.approved and _may(needed, each)})
    if against:
        return failed(NAME, f"Changes were asked for by {', '.join(against)}.")
    own = {identity(author) for author in authors}
    counted = {
        identity(each.author): each.author
        for each in reviews
        if each.approved and each.sha == head and identity(each.author) not in own and _may(needed, each)
    }
    if len(counted) >= needed.count:
        return passed(NAME, f"Approved by {', '.join(sorted(counted.values()))}.")
    return pending(NAME, _waiting(needed, len(counted)))


def identity(name: str) -> str:
    """A login or an e-mail address as it is compared: neither case nor form of its letters tells people apart."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


def _may(needed: Approvals, review: Review) -> bool:
    allowed = {identity(name) for name in needed.reviewers}
    return bool(identity(review.author)) and (not allowed or identity(review.author) in allowed)


def _people(count: int) -> str:
    return "1 person has" if count == 1 else f"{count} people have"


def _waiting(needed: Approvals, have: int) -> str:
    of = f" ({', '.join(needed.reviewers)})" if needed.reviewers else ""
    rest = needed.count - have
    more = " more" if have else ""
    return f"{rest}{more} of {needed.count} approvals of the newest commit by others than its author{of} to come."
