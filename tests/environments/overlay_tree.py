"""An `environments/` folder with overlays and pins, as a checkout of a platform has it."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from idp.environments import overlay_files
from idp.environments.overlay_files import OverlayTemplate
from idp.environments.pin import Pin, pin_text
from tests.support import ROOT

PIN = Pin(f"registry.example.org/acme/billing:1.4.0@sha256:{'5e' * 32}", "1.4.0", "c0ffee" * 6 + "beef")
SHIPPED = ("dev", "staging", "prod")
ADDED = "qa"
SOURCE = OverlayTemplate("tests", ROOT / overlay_files.TEMPLATE)


def overlay_tree(
    root: Path,
    service: str = "billing",
    environments: Iterable[str] = (*SHIPPED, ADDED),
    pin: Pin | None = PIN,
) -> Path:
    """Lay out the platform's environments, the added one and a service's overlay in each.

    Returns:
        The `environments` folder.
    """
    shutil.copytree(ROOT / "environments", root / "environments", dirs_exist_ok=True)
    files = overlay_files.service_files(SOURCE, service, list(environments))
    if not (root / "environments" / ADDED).exists():
        files |= overlay_files.environment_files(SOURCE, ADDED)
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    for environment in environments:
        if pin is not None:
            (root / "environments" / environment / service / "release.env").write_bytes(pin_text(pin))
    return root / "environments"
