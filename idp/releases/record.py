"""A release record: what is known of a release, written once and never rewritten."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from idp.core.errors import UserError
from idp.core.names import validate_service
from idp.environments.pin import Pin
from idp.environments.pin_values import value_fault
from idp.releases.record_schema import RECORD_SCHEMA, SCHEMA_VERSION, TIME_FORMAT, document_fault

__all__ = ["RECORD_SCHEMA"]

MAX_BYTES = 262_144
_HINT = (
    "A record is written by `idp release` and never edited: restore it from Git, or release a new version."
)


@dataclass(frozen=True)
class CheckEvidence:
    """How a check of the source or of the image went; `url`: where a person sees it, None if nowhere."""

    name: str
    passed: bool
    url: str | None = None


@dataclass(frozen=True)
class Provenance:
    """Who built the image.

    Attributes:
        builder: the builder's identity, a workflow's address with its reference for example.
        url: where the signed statement lies, None if that is not known.
    """

    builder: str
    url: str | None = None


@dataclass(frozen=True)
class ReleaseRecord:
    """One release.

    Attributes:
        image: `<repository>[:<tag>]@sha256:<64 hex>`.
        version: SemVer; revision: the source's commit, 40 hex digits.
        template: which template the service has, None if none; template_version: its tag.
        built_at: when the image was built, UTC, whole seconds.
        checks: sorted by name, one a name.
        sbom_digest: `sha256:<64 hex>` of the bill of materials, None if there is none.

    Raises:
        UserError: a value is none that a record can hold.
    """

    service: str
    version: str
    image: str
    revision: str
    template: str | None
    template_version: str | None
    built_at: datetime
    checks: tuple[CheckEvidence, ...] = ()
    sbom_digest: str | None = None
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        if self.built_at.tzinfo is None:
            raise UserError(
                "release-invalid", "The release's build time has no zone.", "Write it with Z at the end."
            )
        object.__setattr__(self, "built_at", self.built_at.astimezone(UTC).replace(microsecond=0))
        object.__setattr__(self, "checks", tuple(sorted(self.checks, key=lambda check: check.name)))
        if len({check.name for check in self.checks}) != len(self.checks):
            raise UserError(
                "release-invalid", "The release has two checks of one name.", "Name each check once."
            )
        fault = document_fault(_document(self))
        if fault:
            raise UserError(
                "release-invalid", f"The release {fault}", "Correct what was given to `idp release`."
            )

    @property
    def digest(self) -> str:
        """The image's, `sha256:<64 hex>`."""
        return self.image.rpartition("@")[2]

    @property
    def pin(self) -> Pin:
        """What `release.env` says of this release."""
        return Pin(self.image, self.version, self.revision)


def record_path(service: str, version: str) -> PurePosixPath:
    """Where a release's record lies in the environments repository.

    Raises:
        UserError: the version is none.
    """
    fault = value_fault("RELEASE_VERSION", version)
    if fault:
        raise UserError("release-invalid", f"{version[:70]!a}: {fault}", "Name a version such as 1.4.0.")
    return PurePosixPath("environments/releases") / validate_service(service) / f"{version}.json"


def parse_record(content: bytes, path: str) -> ReleaseRecord:
    """The record that a file holds.

    Args:
        content: the file's bytes.
        path: what errors call the file.

    Raises:
        UserError: `release-record-invalid`, if it is none, or its name says another service or version.
    """
    document = _loaded(content, path)
    fault = document_fault(document)
    if fault:
        raise UserError("release-record-invalid", f"{path} {fault}.", _HINT)
    record = _record(document)
    named = tuple(PurePosixPath(path).with_suffix("").parts[-2:]) if path.endswith(".json") else ()
    if len(named) == 2 and named != (record.service, record.version):  # noqa: PLR2004 - folder and file
        raise UserError(
            "release-record-invalid",
            f"{path} records {record.service} {record.version}, not what it is called.",
            _HINT,
        )
    return record


def record_text(record: ReleaseRecord) -> bytes:
    """The record as JSON: the same record is always the same bytes."""
    return (json.dumps(_document(record), indent=2, ensure_ascii=False) + "\n").encode()


def _loaded(content: bytes, path: str) -> Any:  # noqa: ANN401 - it is not known yet
    if len(content) > MAX_BYTES:
        raise UserError("release-record-invalid", f"{path} has more than {MAX_BYTES} bytes.", _HINT)
    try:
        return json.loads(content.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0][:200]
        raise UserError("release-record-invalid", f"{path} is no JSON: {reason}.", _HINT) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _record(document: dict[str, Any]) -> ReleaseRecord:
    fields = {key: value for key, value in document.items() if key != "schema_version"}
    checks = document["checks"].items()
    origin = document["provenance"]
    return ReleaseRecord(
        **{
            **fields,
            "built_at": datetime.strptime(document["built_at"], TIME_FORMAT).replace(tzinfo=UTC),
            "checks": tuple(
                CheckEvidence(name, check["state"] == "passed", check.get("url")) for name, check in checks
            ),
            "provenance": origin and Provenance(origin["builder"], origin.get("url")),
        }
    )


def _document(record: ReleaseRecord) -> dict[str, Any]:
    origin = record.provenance
    return {
        "schema_version": SCHEMA_VERSION,
        "service": record.service,
        "version": record.version,
        "image": record.image,
        "revision": record.revision,
        "template": record.template,
        "template_version": record.template_version,
        "built_at": record.built_at.isoformat().replace("+00:00", "Z"),
        "checks": {check.name: _check(check) for check in record.checks},
        "sbom_digest": record.sbom_digest,
        "provenance": origin and _known({"builder": origin.builder, "url": origin.url}),
    }


def _check(check: CheckEvidence) -> dict[str, str]:
    return _known({"state": "passed" if check.passed else "failed", "url": check.url})


def _known(fields: dict[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in fields.items() if value is not None}
