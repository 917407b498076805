"""The one place that reads the environment."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn


@dataclass(frozen=True)
class Settings:
    """Everything that can be configured, checked."""

    service: str
    version: str
    environment: str
    host: str
    port: int
    drain_seconds: float
    grace_seconds: float
    contract_probe: bool
    upstream_token: str


def load(env: Mapping[str, str] = os.environ) -> Settings:
    """Read and check the configuration; a wrong key ends the program with its name."""
    settings = Settings(
        service=env.get("SERVICE_NAME", "reference-service"),
        version=env.get("SERVICE_VERSION", "0.1.0"),
        environment=env.get("ENVIRONMENT", "local"),
        host=env.get("HOST", "127.0.0.1"),
        port=int(_number(env, "PORT", "8080")),
        drain_seconds=_number(env, "DRAIN_SECONDS", "5"),
        grace_seconds=_number(env, "SHUTDOWN_GRACE_SECONDS", "20"),
        contract_probe=env.get("CONTRACT_PROBE", "false") == "true",
        upstream_token=env.get("UPSTREAM_TOKEN", ""),
    )
    if not settings.upstream_token:
        _refuse("UPSTREAM_TOKEN", "it is missing")
    if settings.environment == "prod" and settings.contract_probe:
        _refuse("CONTRACT_PROBE", "it must not be true in prod")
    return settings


def _number(env: Mapping[str, str], key: str, default: str) -> float:
    try:
        return float(env.get(key, default))
    except ValueError:
        _refuse(key, "it is no number")


def _refuse(key: str, why: str) -> NoReturn:
    sys.stderr.write(f"Configuration: {key}: {why}.\n")
    raise SystemExit(78)
