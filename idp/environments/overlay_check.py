"""Whether every overlay can be read, and both engines take the release from it that release.env names."""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from idp.core.errors import UsageError, UserError
from idp.environments import overlay
from idp.environments import pin as release
from idp.environments import render as overlays
from idp.environments import repository as environments_repository
from idp.environments.overlay import OverlayFault
from idp.environments.pin import Pin
from idp.environments.repository import Environments

_THREADS = 4
_UNRELEASED = Pin(f"registry.invalid/unreleased@sha256:{'0' * 64}", "0.0.0", "0" * 40)
"""Stands for the release where there is none yet, so that the rest of the overlay can be looked at."""
_COMPOSE, _KUSTOMIZE = "compose.yaml", "kustomization.yaml"


def overlay_faults(
    environments: Environments, commit: str, only: Collection[tuple[str, str]] | None = None
) -> tuple[OverlayFault, ...]:
    """What is wrong with the overlays of a commit.

    Args:
        environments: the repository.
        commit: which state of it.
        only: these (environment, service) alone; None: all.

    Raises:
        AdapterError: Kustomize or Compose is not here, or the repository cannot be read.
    """
    paths = environments_repository.listing(environments, commit, str(overlay.ROOT))
    chosen = [pair for pair in overlay.overlays(paths) if only is None or pair in only]
    if not chosen:
        return ()
    with tempfile.TemporaryDirectory(prefix="idp-overlays-") as temporary:
        root = Path(temporary)
        environments_repository.export(environments, commit, root)
        with ThreadPoolExecutor(_THREADS) as pool:
            found = pool.map(lambda pair: tuple(_faults(root, *pair)), chosen)
            return tuple(fault for faults in found for fault in faults)


def _faults(root: Path, environment: str, service: str) -> Iterator[OverlayFault]:
    folder = overlay.ROOT / environment / service
    try:
        overlay.folder(environment, service)
    except UsageError as error:
        yield OverlayFault(str(folder), None, error.message)
        return
    leaf = root / folder
    files = {path.name: path.read_bytes() for path in leaf.iterdir() if path.is_file()}
    stopped = False
    for fault in _text_faults(str(folder), files):
        yield fault
        stopped = True
    if not stopped:
        yield from _engine_faults(str(folder), leaf, files)


def _text_faults(folder: str, files: Mapping[str, bytes]) -> Iterator[OverlayFault]:
    for name, faults in ((overlay.PIN_FILE, release.faults), (overlay.CONFIG_FILE, overlay.config_faults)):
        for fault in faults(files[name]) if name in files else ():
            yield OverlayFault(f"{folder}/{name}", fault.line, fault.reason)
    if _COMPOSE not in files and _KUSTOMIZE not in files:
        yield OverlayFault(folder, None, f"There is neither {_COMPOSE} nor {_KUSTOMIZE}: see `idp env add`.")


def _engine_faults(folder: str, leaf: Path, files: Mapping[str, bytes]) -> Iterator[OverlayFault]:
    pin = _UNRELEASED
    if overlay.PIN_FILE in files:
        pin = release.parse_pin(files[overlay.PIN_FILE], f"{folder}/{overlay.PIN_FILE}")
    else:
        (leaf / overlay.PIN_FILE).write_bytes(release.pin_text(pin))
    engines = (
        (_COMPOSE, "Compose", overlays.image_in_compose),
        (_KUSTOMIZE, "Kustomize", overlays.image_in_kustomize),
    )
    for name, engine, image_in in engines:
        if name not in files:
            continue
        try:
            reason = overlay.image_fault(image_in(leaf), pin, engine)
        except UserError as error:
            reason = error.message
        if reason:
            yield OverlayFault(f"{folder}/{name}", None, reason)
