"""Overlays of one service in every environment, and what Kustomize makes of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.environments.overlay_tree import ADDED, SHIPPED, overlay_tree
from tests.support import run

Documents = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="session")
def overlays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`environments/` with `billing` released everywhere. Read-only by convention."""
    return overlay_tree(tmp_path_factory.mktemp("overlays"))


@pytest.fixture(scope="session")
def manifests(overlays: Path) -> Mapping[str, str]:
    """Environment → the service's manifests, as `kubectl kustomize` writes them."""
    rendered: dict[str, str] = {}
    for environment in (*SHIPPED, ADDED):
        done = run("kubectl", "kustomize", overlays / environment / "billing", cwd=overlays)
        assert done.returncode == 0, done.stderr
        rendered[environment] = done.stdout
    return rendered


@pytest.fixture(scope="session")
def objects(manifests: Mapping[str, str]) -> Mapping[str, Documents]:
    """Environment → kind → object; there is one object a kind."""
    found: dict[str, Documents] = {}
    for environment, text in manifests.items():
        documents = list(yaml.safe_load_all(text))
        found[environment] = {document["kind"]: document for document in documents}
        assert len(found[environment]) == len(documents)
    return found
