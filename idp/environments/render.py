"""What Kustomize and Compose make of an overlay. Nothing of the calling shell gets into it."""

import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from idp.core import process, yaml
from idp.core.errors import AdapterError, UserError
from idp.environments import overlay

_SECONDS = 120
_KEPT = frozenset({"PATH", "HOME", "TMPDIR", "DOCKER_CONFIG"})
_KUSTOMIZE = (("kubectl", "kustomize"), ("kustomize", "build"))
_COMPOSE = (("docker", "compose"), ("docker-compose",))


def manifests(leaf: Path) -> str:
    """The Kubernetes manifests of an overlay, as YAML.

    Args:
        leaf: `environments/<environment>/<service>` of an exported commit.

    Raises:
        UserError: Kustomize refuses the overlay.
        AdapterError: neither `kubectl` nor `kustomize` is here.
    """
    done = _run([*_program(_KUSTOMIZE, "kubectl"), str(leaf)])
    if done.exit_code:
        raise UserError(
            "overlay-invalid",
            f"Kustomize refuses the overlay of {leaf.name} in {leaf.parent.name}: {_words(done.stderr, leaf)}",
            f"Run `kubectl kustomize environments/{leaf.parent.name}/{leaf.name}` (1.27 or newer) to see it.",
        )
    return done.stdout


def compose_model(leaf: Path) -> dict[str, Any]:
    """The resolved Compose file of an overlay; paths in its folder are relative to it.

    Args:
        leaf: as for `manifests`.

    Raises:
        UserError: Compose refuses the overlay.
        AdapterError: Compose is not here.
    """
    file = leaf / "compose.yaml"
    flags = ("--env-file", os.devnull, "--file", str(file), "--profile", "*")
    done = _run([*_program(_COMPOSE, "docker"), *flags, "config", "--format", "json"])
    if done.exit_code:
        raise UserError(
            "overlay-invalid",
            f"Compose refuses the overlay of {leaf.name} in {leaf.parent.name}: {_words(done.stderr, leaf)}",
            f"Run `docker compose -f environments/{leaf.parent.name}/{leaf.name}/compose.yaml config` (2.30 or newer).",
        )
    model: dict[str, Any] = _relative(json.loads(done.stdout), str(leaf.resolve()), str(leaf))
    return model


def documents(leaf: Path) -> list[Any]:
    """The documents of `manifests` as values; errors as there."""
    parts = re.split(r"^---$", manifests(leaf), flags=re.MULTILINE)
    try:
        return [yaml.load_with_lines(part.encode()).value for part in parts]
    except yaml.InvalidYaml as error:
        raise UserError(
            "overlay-invalid",
            f"What Kustomize makes of {leaf.name} in {leaf.parent.name} cannot be read: {error}.",
            f"Look at `kubectl kustomize environments/{leaf.parent.name}/{leaf.name}`.",
        ) from error


def image_in_kustomize(leaf: Path) -> tuple[str, ...]:
    """The images that Kubernetes would run as the service itself, one a Deployment; errors as `manifests`."""
    return overlay.manifest_images(documents(leaf))


def image_in_compose(leaf: Path) -> tuple[str, ...]:
    """The image that Compose would run as the service itself; errors as `compose_model`."""
    return overlay.compose_images(compose_model(leaf))


def _program(candidates: Sequence[Sequence[str]], name: str) -> Sequence[str]:
    for candidate in candidates:
        if shutil.which(candidate[0]):
            return candidate
    raise AdapterError(
        "program-missing",
        f"The program `{name}` is not installed or not on PATH.",
        "Install it, then run `idp doctor` to see what else is missing.",
    )


def _run(argv: Sequence[str]) -> process.Completed:
    foreign = [name for name in os.environ if name not in _KEPT]
    return process.run(argv, unset=foreign, timeout=_SECONDS)


def _relative(value: Any, *folders: str) -> Any:  # noqa: ANN401 - a JSON value
    """The value without this machine's name for the overlay's folder."""
    if isinstance(value, dict):
        return {key: _relative(item, *folders) for key, item in value.items()}
    if isinstance(value, list):
        return [_relative(item, *folders) for item in value]
    if isinstance(value, str):
        for folder in folders:
            if value == folder or value.startswith(f"{folder}/"):
                return f".{value.removeprefix(folder)}"
    return value


def _words(stderr: str, leaf: Path) -> str:
    """The engine's own last words, without the exported folder's path."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip(" \t>")]
    words = lines[-1] if lines else "no message"
    for root in (leaf.parents[2].resolve(), leaf.parents[2]):
        words = words.replace(f"{root}/", "")
    return words.rpartition(" err=")[2].strip('"')[:500]
