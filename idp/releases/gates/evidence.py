"""Whether a release record speaks of the release that is to be promoted."""

from idp.releases.gates.model import PromotionFacts
from idp.releases.record import ReleaseRecord


def is_about(record: ReleaseRecord, facts: PromotionFacts) -> bool:
    """Same service, version, source and image content; in which registry the image lies does not matter."""
    release = facts.release
    return (record.service, record.version, record.revision, record.digest) == (
        facts.service,
        release.version,
        release.revision,
        release.digest,
    )
