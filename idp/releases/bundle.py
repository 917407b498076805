"""`idp bundle`: what an environment runs of a service, as one reproducible archive."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from idp.core.errors import UserError
from idp.environments import overlay
from idp.environments import render as overlays
from idp.environments import repository as environments_repository
from idp.environments.chain import CHAIN_PATH, parse_chain
from idp.environments.find import find_environments
from idp.environments.overlay_check import overlay_faults
from idp.environments.pin import Pin, parse_pin, pin_path
from idp.environments.repository import Environments
from idp.platform.find import find_platform
from idp.releases import bundle_file
from idp.releases.bundle_model import CHECKSUMS, bundle_name, pack
from idp.releases.record import parse_record, record_path


@dataclass(frozen=True)
class Bundled:
    """What was packed, or with `dry_run` would be.

    Attributes:
        path: the archive; sha256: of its bytes, 64 hex digits.
        files: what is in it, below the folder `name`.
        written: False where the same archive was there already, and with `dry_run`.
    """

    service: str
    environment: str
    version: str
    image: str
    name: str
    path: Path
    sha256: str
    files: Sequence[str]
    written: bool
    dry_run: bool = False


def bundle(
    service: str,
    environment: str,
    *,
    out: Path | None = None,
    platform: str | None = None,
    dry_run: bool = False,
) -> Bundled:
    """Pack the release that an environment pins, with all that it is deployed by.

    Args:
        service: its name.
        environment: which one.
        out: the archive's path, or an existing folder for it; None: the working directory.
        platform: URL or path; None looks for it.
        dry_run: pack, write nothing.

    Raises:
        UsageError: a name is none, or there is no such environment.
        UserError: nothing is released there, the overlay is not valid, or another file is at the path.
        AdapterError: Kustomize or Compose is not here, or the archive cannot be written.
    """
    environments = find_environments(find_platform(platform, Path.cwd()))
    commit = environments_repository.tip(environments)
    pin, files = _released(environments, commit, service, environment)
    _refuse_faults(environments, commit, service, environment)
    name = bundle_name(service, pin.version, environment)
    files |= _rendered(environments, commit, service, environment)
    archive = pack(name, files)
    path = _destination(out, f"{name}.tar.gz")
    written = False if dry_run else bundle_file.put(path, archive)
    return Bundled(
        service,
        environment,
        pin.version,
        pin.image,
        name,
        path,
        sha256(archive).hexdigest(),
        sorted([*files, CHECKSUMS]),
        written,
        dry_run,
    )


def _released(
    environments: Environments, commit: str, service: str, environment: str
) -> tuple[Pin, dict[str, bytes]]:
    """The pin, and the files of the release itself: `release.env` and `release.json`."""
    pinned = str(pin_path(environment, service))
    found = environments_repository.read(environments, commit, [CHAIN_PATH, pinned])
    if CHAIN_PATH in found:
        parse_chain(found[CHAIN_PATH]).get(environment)
    if pinned not in found:
        raise UserError(
            "nothing-released",
            f"Nothing of `{service}` is released in {environment}.",
            f"`idp env show {environment}` lists what is; `idp promote {service} --to {environment}` brings it there.",
        )
    pin = parse_pin(found[pinned], pinned)
    recorded = str(record_path(service, pin.version))
    record = environments_repository.read(environments, commit, [recorded]).get(recorded)
    if record is None:
        raise UserError(
            "record-missing",
            f"The release {pin.version} of `{service}` has no record {recorded}.",
            "`idp release` writes one; a pin that was written by hand has none.",
        )
    if parse_record(record, recorded).pin.digest != pin.digest:
        raise UserError(
            "record-differs",
            f"{recorded} names another image than {pinned}.",
            "Restore the record from Git's history, or promote a recorded release.",
        )
    return pin, {"release.env": found[pinned], "release.json": record}


def _refuse_faults(environments: Environments, commit: str, service: str, environment: str) -> None:
    faults = overlay_faults(environments, commit, [(environment, service)])
    if faults:
        raise UserError(
            "overlay-invalid",
            "\n".join(str(fault) for fault in faults),
            "Correct the overlay; docs/reference/overlays.md says what may stand in each file.",
        )


def _rendered(environments: Environments, commit: str, service: str, environment: str) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="idp-bundle-") as temporary:
        environments_repository.export(environments, commit, Path(temporary))
        leaf = Path(temporary) / overlay.folder(environment, service)
        rendered: dict[str, bytes] = {}
        if (leaf / "compose.yaml").exists():
            rendered["compose.yaml"] = _yaml(overlays.compose_model(leaf))
        if (leaf / "kustomization.yaml").exists():
            rendered["kubernetes.yaml"] = overlays.manifests(leaf).encode()
        return rendered


def _yaml(model: Mapping[str, Any]) -> bytes:
    import yaml

    return yaml.safe_dump(model, allow_unicode=True, width=1000, encoding="utf-8")


def _destination(out: Path | None, name: str) -> Path:
    path = Path(name) if out is None else out.expanduser()
    return (path / name if path.is_dir() else path).absolute()
