"""Secrets from the KV version 2 engine of Vault or OpenBao, over its HTTP API.

Keys: VAULT_ADDR, then either VAULT_TOKEN or VAULT_ROLE (Kubernetes auth); see `VaultSettings` for the rest.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from app.config_provider import ConfigurationError, LayeredSettings, Layers

ATTEMPTS = 3
TIMEOUT_SECONDS = 5


class VaultSettings(LayeredSettings):
    """How to reach Vault. The secret's path defaults to the service's name."""

    service_name: str
    vault_addr: str
    vault_token: SecretStr | None = None
    vault_role: str | None = None
    vault_mount: str = "secret"
    vault_path: str | None = None
    vault_namespace: str | None = None
    vault_kubernetes_mount: str = "kubernetes"
    vault_jwt_file: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


class VaultProvider:
    """Reads one secret; each of its fields is a configuration key."""

    def __init__(self, layers: Layers) -> None:
        self._settings = layers.read(VaultSettings)

    def fetch(self, keys: Collection[str]) -> Mapping[str, str]:
        """Return the fields of the secret that the service knows.

        Raises:
            ConfigurationError: Vault is unreachable, refuses, or holds no such secret.
        """
        settings = self._settings
        headers = {"X-Vault-Request": "true"}
        if settings.vault_namespace:
            headers["X-Vault-Namespace"] = settings.vault_namespace
        transport = httpx.HTTPTransport(retries=ATTEMPTS - 1)
        with httpx.Client(
            base_url=settings.vault_addr, headers=headers, timeout=TIMEOUT_SECONDS, transport=transport
        ) as client:
            client.headers["X-Vault-Token"] = self._token(client)
            path = f"{settings.vault_mount}/data/{settings.vault_path or settings.service_name}"
            fields = _call(client, "GET", f"/v1/{path}", "VAULT_PATH")["data"]["data"]
        known = {key.upper() for key in keys}
        return {key: str(value) for key, value in fields.items() if key.upper() in known}

    def _token(self, client: httpx.Client) -> str:
        settings = self._settings
        if settings.vault_token is not None:
            return settings.vault_token.get_secret_value()
        if settings.vault_role is None:
            raise ConfigurationError({"VAULT_TOKEN": "missing (or set VAULT_ROLE for Kubernetes auth)"})
        try:
            jwt = settings.vault_jwt_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError({"VAULT_JWT_FILE": f"{settings.vault_jwt_file} cannot be read"}) from error
        path = f"/v1/auth/{settings.vault_kubernetes_mount}/login"
        answer = _call(client, "POST", path, "VAULT_ROLE", {"role": settings.vault_role, "jwt": jwt})
        return str(answer["auth"]["client_token"])


def _call(
    client: httpx.Client, method: str, path: str, key: str, body: Mapping[str, str] | None = None
) -> dict[str, Any]:
    try:
        response = client.request(method, path, json=body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ConfigurationError({"VAULT_ADDR": f"no answer: {type(error).__name__}"}) from error
    if response.is_error:
        raise ConfigurationError({key: f"Vault answered {response.status_code} for {path}"})
    answer: dict[str, Any] = response.json()
    return answer
