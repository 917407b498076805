"""The Vault provider against a server that answers as Vault's HTTP API does."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from pydantic import SecretStr

from app.config_provider import ConfigurationError, LayeredSettings, load


class Example(LayeredSettings):
    service_name: str
    database_password: SecretStr


class Vault(BaseHTTPRequestHandler):
    """One secret at secret/data/shop/api, for the token `root`, which the role `shop` gets for the JWT `pod`."""

    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("X-Vault-Namespace", ""))
        if self.headers["X-Vault-Token"] != "root":
            self._answer(403, {"errors": ["permission denied"]})
        elif self.path != "/v1/secret/data/shop/api":
            self._answer(404, {"errors": []})
        else:
            self._answer(200, {"data": {"data": {"DATABASE_PASSWORD": "from vault", "OTHER": "x"}}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/auth/kubernetes/login" and body == {"role": "shop", "jwt": "pod"}:
            self._answer(200, {"auth": {"client_token": "root"}})
        else:
            self._answer(400, {"errors": ["no"]})

    def _answer(self, status: int, document: object) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep the tests' output clean."""


@pytest.fixture(autouse=True)
def vault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), Vault) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("CONFIG_PROVIDER", "vault")
        monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("VAULT_TOKEN", "root")
        monkeypatch.setenv("VAULT_PATH", "shop/api")
        yield
        server.shutdown()
        thread.join()


def test_a_secret_is_read_with_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_NAMESPACE", "team")
    assert load(Example).database_password.get_secret_value() == "from vault"
    assert Vault.seen[-1] == "team"


def test_a_secret_is_read_with_a_pods_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "jwt").write_text("pod\n")
    monkeypatch.delenv("VAULT_TOKEN")
    monkeypatch.setenv("VAULT_ROLE", "shop")
    monkeypatch.setenv("VAULT_JWT_FILE", str(tmp_path / "jwt"))
    assert load(Example).database_password.get_secret_value() == "from vault"


@pytest.mark.parametrize(
    ("change", "value", "named"),
    [
        ("VAULT_ADDR", None, "VAULT_ADDR"),
        ("VAULT_ADDR", "http://127.0.0.1:1", "VAULT_ADDR"),
        ("VAULT_ADDR", "nonsense", "VAULT_ADDR"),
        ("VAULT_TOKEN", "s3cret", "VAULT_PATH"),
        ("VAULT_TOKEN", None, "VAULT_TOKEN"),
        ("VAULT_PATH", "nowhere", "VAULT_PATH"),
    ],
)
def test_what_is_wrong_is_named_by_its_key(
    monkeypatch: pytest.MonkeyPatch, change: str, value: str | None, named: str
) -> None:
    monkeypatch.delenv(change) if value is None else monkeypatch.setenv(change, value)
    with pytest.raises(ConfigurationError) as caught:
        load(Example)
    assert list(caught.value.problems) == [named]
    assert "s3cret" not in str(caught.value)


def test_a_refused_role_and_an_absent_pod_identity_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VAULT_TOKEN")
    monkeypatch.setenv("VAULT_ROLE", "other")
    monkeypatch.setenv("VAULT_JWT_FILE", str(tmp_path / "jwt"))
    with pytest.raises(ConfigurationError, match="VAULT_JWT_FILE"):
        load(Example)
    (tmp_path / "jwt").write_text("pod")
    with pytest.raises(ConfigurationError, match="VAULT_ROLE"):
        load(Example)
