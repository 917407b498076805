"""The service contract, point 6: configuration through ConfigProvider alone, with a real OpenBao server."""

import base64
import http.server
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import certifi
import httpx
import pytest

from idp.core import process
from tests.support import run
from tests.templates.fastapi_service import (
    Service,
    copy,
    edit,
    eventually,
    free_port,
    running,
    start_and_fail,
)

SECRET = "hunter2-from-the-vault"  # noqa: S105 - what has to stay hidden
TOKEN = "root-token-of-this-test"  # noqa: S105 - of a server that lives for seconds

FINGERPRINT = """
    @router.get("/items/secret/length")
    async def secret_length(request: Request) -> int:
        return len(request.app.state.configuration.current.database_password.get_secret_value())


def _missing("""
READS = [
    'import os\n\nNAME = os.environ["NAME"]\n',
    'import os\n\nNAME = os.getenv("NAME")  # noqa: TID251\n',
    'from os import environ\n\nNAME = environ["NAME"]\n',
    'from os import *\n\nNAME = environ["NAME"]\n',
]


@pytest.fixture(scope="module")
def with_secret(fastapi: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service that needs a database password, and tells only how long it is."""
    service = copy(fastapi, tmp_path_factory.mktemp("secret") / "service")
    edit(
        service / "app" / "settings.py",
        "    service_name: str\n",
        "    service_name: str\n    database_password: SecretStr\n",
    )
    router = service / "app" / "items" / "router.py"
    edit(router, "\n\ndef _missing(", FINGERPRINT)
    edit(router, "import APIRouter, HTTPException,", "import APIRouter, HTTPException, Request,")
    return service


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A real server with a KV version 2 engine at secret/, as its administrator sees it."""
    folder = tmp_path_factory.mktemp("vault")
    address = f"127.0.0.1:{free_port()}"
    argv = [
        "bao",
        "server",
        "-dev",
        f"-dev-root-token-id={TOKEN}",
        f"-dev-listen-address={address}",
        "-dev-no-store-token",
    ]
    with (
        (folder / "log").open("wb") as log,
        process.running(argv, cwd=folder, env={"HOME": str(folder)}, stdout=log, stderr=log),
        httpx.Client(base_url=f"http://{address}", headers={"X-Vault-Token": TOKEN}) as client,
    ):
        assert eventually(lambda: _is_up(client)), (folder / "log").read_text()
        keep(client, "user-profile", {"DATABASE_PASSWORD": SECRET})
        yield client


def _is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/v1/sys/health").status_code == 200
    except httpx.TransportError:
        return False


def keep(vault: httpx.Client, path: str, fields: dict[str, str]) -> None:
    vault.post(f"/v1/secret/data/{path}", json={"data": fields}).raise_for_status()


def reach(vault: httpx.Client, **env: str) -> dict[str, str]:
    return {"CONFIG_PROVIDER": "vault", "VAULT_ADDR": str(vault.base_url), "VAULT_TOKEN": TOKEN, **env}


def secret_length(service: Service) -> int:
    length: int = service.http.get("/items/secret/length").json()
    return length


def everything_said(service: Service) -> str:
    return service.stdout.read_text() + service.stderr.read_text()


@pytest.mark.needs("bao")
def test_a_required_secret_comes_from_vault_by_one_setting(
    with_secret: Path, vault: httpx.Client, tmp_path: Path
) -> None:
    with running(with_secret, tmp_path, **reach(vault)) as service:
        assert secret_length(service) == len(SECRET)
        assert TOKEN not in everything_said(service)
        assert SECRET not in everything_said(service)


@pytest.mark.needs("bao")
def test_a_reload_takes_the_new_secret_and_keeps_the_last_good_one(
    with_secret: Path, vault: httpx.Client, tmp_path: Path
) -> None:
    keep(vault, "rotating", {"DATABASE_PASSWORD": "first"})

    def said(service: Service, message: str) -> bool:
        return any(message in line["message"] for line in service.lines())

    with running(with_secret, tmp_path, **reach(vault, VAULT_PATH="rotating")) as service:
        keep(vault, "rotating", {"DATABASE_PASSWORD": "second-secret"})
        os.kill(service.server_pid(), signal.SIGUSR1)
        assert eventually(lambda: secret_length(service) == len("second-secret"), seconds=5)
        vault.delete("/v1/secret/data/rotating").raise_for_status()
        os.kill(service.server_pid(), signal.SIGUSR1)
        assert eventually(lambda: said(service, "not reloaded"), seconds=5)
        assert secret_length(service) == len("second-secret")
        assert "second-secret" not in everything_said(service)


class TokenReview(http.server.BaseHTTPRequestHandler):
    """The one call of the Kubernetes API that Vault makes to check a pod's token."""

    pod: ClassVar[str] = "the-pods-token"

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        user = {
            "username": "system:serviceaccount:shop:user-profile",
            "uid": "1",
            "groups": ["system:serviceaccounts"],
        }
        review["status"] = {"authenticated": review["spec"]["token"] == self.pod, "user": user}
        body = json.dumps(review).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@contextmanager
def kubernetes() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), TokenReview) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.needs("bao")
def test_a_pod_gets_its_secret_by_its_kubernetes_identity(
    with_secret: Path, vault: httpx.Client, tmp_path: Path
) -> None:
    policy = 'path "secret/data/user-profile" { capabilities = ["read"] }'
    vault.put("/v1/sys/policies/acl/user-profile", json={"policy": policy}).raise_for_status()
    vault.post("/v1/sys/auth/kubernetes", json={"type": "kubernetes"}).raise_for_status()
    role = {
        "bound_service_account_names": "user-profile",
        "bound_service_account_namespaces": "shop",
        "token_policies": "user-profile",
    }
    vault.post("/v1/auth/kubernetes/role/user-profile", json=role).raise_for_status()
    jwt = tmp_path / "token"
    env = reach(vault, VAULT_TOKEN="", VAULT_ROLE="user-profile", VAULT_JWT_FILE=str(jwt))
    with kubernetes() as address:
        access = {
            "kubernetes_host": address,
            "disable_local_ca_jwt": True,
            "token_reviewer_jwt": unsigned_jwt("reviewer"),
            "kubernetes_ca_cert": Path(certifi.where()).read_text(),
        }
        configured = vault.post("/v1/auth/kubernetes/config", json=access)
        assert configured.is_success, configured.text
        TokenReview.pod = unsigned_jwt("user-profile")
        jwt.write_text(TokenReview.pod)
        with running(with_secret, tmp_path / "run", **env) as service:
            assert secret_length(service) == len(SECRET)
        jwt.write_text(unsigned_jwt("somebody-else"))
        code, lines, _ = start_and_fail(with_secret, env)
        assert (code, list(lines[-1]["problems"])) == (1, ["VAULT_ROLE"])


def unsigned_jwt(account: str) -> str:
    """A service account token as Vault parses it before it asks Kubernetes."""
    claims = {
        "iss": "kubernetes/serviceaccount",
        "kubernetes.io/serviceaccount/namespace": "shop",
        "kubernetes.io/serviceaccount/service-account.name": account,
        "kubernetes.io/serviceaccount/service-account.uid": "1",
        "kubernetes.io/serviceaccount/secret.name": "x",
        "sub": f"system:serviceaccount:shop:{account}",
    }
    parts = [{"alg": "RS256", "typ": "JWT"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, base64.urlsafe_b64encode(b"signature").rstrip(b"=").decode()])


@pytest.mark.needs("bao")
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"VAULT_ADDR": ""}, "VAULT_ADDR"),
        ({"VAULT_ADDR": "http://127.0.0.1:1"}, "VAULT_ADDR"),
        ({"VAULT_TOKEN": ""}, "VAULT_TOKEN"),
        ({"VAULT_TOKEN": "wrong-s3cret"}, "VAULT_PATH"),
        ({"VAULT_PATH": "nothing/here"}, "VAULT_PATH"),
    ],
)
def test_a_vault_that_cannot_be_read_stops_the_start_by_its_key(
    with_secret: Path, vault: httpx.Client, change: dict[str, str], named: str
) -> None:
    code, lines, errors = start_and_fail(with_secret, reach(vault, **change))
    assert (code, len(lines), errors) == (1, 1, "")
    assert list(lines[0]["problems"]) == [named]
    assert named in lines[0]["message"]
    assert "s3cret" not in json.dumps(lines)


def test_a_missing_key_stops_the_start_with_its_name(with_secret: Path) -> None:
    code, (line,), errors = start_and_fail(with_secret, {"ENVIRONMENT": "dev"})
    assert (code, errors) == (1, "")
    assert line["level"] == "critical"
    assert "DATABASE_PASSWORD" in line["message"]
    assert (line["service"], line["environment"]) == ("user-profile", "dev")


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"PORT": "s3cret"}, "PORT"),
        ({"ENVIRONMENT": "prod", "CONTRACT_PROBE": "true"}, "CONTRACT_PROBE"),
        ({"CONFIG_FILE": "absent.toml"}, "CONFIG_FILE"),
        ({"CONFIG_PROVIDER": "nonsense"}, "CONFIG_PROVIDER"),
    ],
)
def test_a_wrong_value_stops_the_start_with_its_name(fastapi: Path, env: dict[str, str], named: str) -> None:
    code, (line,), errors = start_and_fail(fastapi, env)
    assert (code, errors, list(line["problems"])) == (1, "", [named])
    assert "s3cret" not in json.dumps(line)


def test_files_and_the_environment_are_layers_and_a_class_can_be_the_top_one(
    fastapi: Path, tmp_path: Path
) -> None:
    service = copy(fastapi, tmp_path / "service")
    (service / "config.toml").write_text(
        'SERVICE_VERSION = "1.0.0"\nenvironment = "dev"\nlog_level = "WARNING"\n'
    )
    (service / ".env").write_text("CONFIG_FILE=config.toml\nENVIRONMENT=staging\nLOG_LEVEL=ERROR\n")
    (service / "safe.py").write_text(
        "class Safe:\n    def __init__(self, layers): pass\n"
        "    def fetch(self, keys): return {'SERVICE_NAME': 'from-the-safe'}\n"
    )
    with running(service, tmp_path / "run", LOG_LEVEL="info", CONFIG_PROVIDER="safe:Safe") as running_service:
        line = running_service.lines()[0]
    assert (line["service"], line["version"], line["environment"]) == ("from-the-safe", "1.0.0", "staging")


@pytest.mark.parametrize("code", READS)
def test_reading_the_environment_elsewhere_fails_the_lint(fastapi: Path, tmp_path: Path, code: str) -> None:
    service = copy(fastapi, tmp_path / "service")
    (service / "app" / "sneaky.py").write_text(f'"""Sneaky."""\n\n{code}')
    done = run("make", "lint", cwd=service)
    assert done.returncode != 0
    assert "TID251" in done.stdout or "F403" in done.stdout or "F405" in done.stdout
