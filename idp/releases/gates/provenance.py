"""Provenance: it is known who built the image, and it was an allowed builder."""

from idp.environments.chain import Environment, ProvenanceNeeded
from idp.releases.gates.answers import errored, failed, passed
from idp.releases.gates.evidence import is_about
from idp.releases.gates.model import GateResult, PromotionFacts, Unreadable

NAME = "provenance"


def provenance(environment: Environment, facts: PromotionFacts) -> GateResult:
    needed = environment.gates.provenance or ProvenanceNeeded()
    if isinstance(facts.attested, Unreadable):
        return errored(NAME, "The image's attestations", facts.attested)
    if facts.attested is not None:
        return _judged(needed, tuple(each.builder for each in facts.attested), "Attested, just verified")
    record = facts.record
    if isinstance(record, Unreadable):
        return errored(NAME, "The release record", record)
    if record is None or not is_about(record, facts):
        return failed(NAME, f"No release record of {facts.release.version} says who built this image.")
    return _judged(
        needed, (record.provenance.builder,) if record.provenance else (), "The release record says"
    )


def _judged(needed: ProvenanceNeeded, builders: tuple[str, ...], source: str) -> GateResult:
    if not builders:
        return failed(NAME, "Nothing says who built this image.")
    fitting = [builder for builder in builders if needed.builder is None or fits(needed.builder, builder)]
    if not fitting:
        return failed(NAME, f"Built by {', '.join(builders)}, which is not {needed.builder}.")
    return passed(NAME, f"{source}: built by {fitting[0]}.")


def fits(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern says, in which * stands for any text; upper and lower case differ."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    last = rest.pop()
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for part in rest:
        found = text.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True
