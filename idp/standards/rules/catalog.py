"""All static standards."""

from idp.standards.rules import (
    addresses,
    compose,
    configuration,
    documents,
    image,
    logs,
    makefile,
    metadata,
    pipeline,
    releases,
    secrets,
    supply,
)
from idp.standards.rules.snapshot import Snapshot
from idp.standards.scorecard import Standard

STATIC_STANDARDS: tuple[Standard[Snapshot], ...] = (
    *logs.STANDARDS,
    *configuration.STANDARDS,
    *secrets.STANDARDS,
    *makefile.STANDARDS,
    *image.STANDARDS,
    *compose.STANDARDS,
    *pipeline.STANDARDS,
    *metadata.STANDARDS,
    *addresses.STANDARDS,
    *supply.STANDARDS,
    *documents.STANDARDS,
    *releases.STANDARDS,
)
