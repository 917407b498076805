"""The service contract, point 4: one JSON object a line on stdout and nothing else there."""

import socket
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from tests.templates.fastapi_service import (
    STANDARD_FIELDS,
    Service,
    copy,
    edit,
    eventually,
    running,
    start_and_fail,
)

SECRET = 'hunter2-"quoted"-é'  # noqa: S105 - what has to stay hidden

LEAKY = """
    @router.get("/items/leak/now")
    async def leak(request: Request) -> None:
        settings = request.app.state.configuration.current
        secret = settings.database_password.get_secret_value()
        _log.info("settings", settings=settings, url=f"postgres://app:{secret}@db")
        logging.getLogger("library").warning("sent %s", {"password": secret})
        raise RuntimeError(f"cannot connect with {secret}")


def _missing("""


def test_every_line_from_start_to_end_is_json_with_all_fields(fastapi: Path, tmp_path: Path) -> None:
    with running(fastapi, tmp_path, SERVICE_VERSION="1.2.3", ENVIRONMENT="staging") as service:
        for path in (
            "/items",
            "/nowhere",
            "/contract-probe/error",
            "/contract-probe/slow?seconds=x",
            "/health/ready",
        ):
            service.http.get(path)
        service.make.terminate()
        service.make.wait(20)
        lines = service.lines()
    assert len(lines) > 10
    for line in lines:
        assert line.keys() >= STANDARD_FIELDS, line
        identity = (line["service"], line["version"], line["environment"])
        assert identity == ("user-profile", "1.2.3", "staging")
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)
        assert line["level"] in {"debug", "info", "warning", "error", "critical"}


def test_a_request_has_exactly_one_access_line(service: Service) -> None:
    request_id = uuid4().hex
    service.http.get("/items/123456", headers={"X-Request-ID": request_id})
    (line,) = service.lines_of(request_id)
    assert (line["message"], line["method"], line["route"], line["status"]) == (
        "request",
        "GET",
        "/items/{item_id}",
        404,
    )
    assert 0 < line["duration_ms"] < 5000
    assert len(line["trace_id"]) == 32


def test_an_unhandled_exception_is_one_line_with_its_parts_as_fields(service: Service) -> None:
    request_id = uuid4().hex
    service.http.get("/contract-probe/error", headers={"X-Request-ID": request_id})
    error, access = service.lines_of(request_id, 2)
    assert (error["level"], access["status"]) == ("error", 500)
    assert error["exception"]["type"] == "builtins.RuntimeError"
    assert error["exception"]["message"] == "raised by the contract probe"
    assert "contract_probe.py" in error["exception"]["stacktrace"]


def test_what_a_library_warns_and_a_bad_request_line_stay_json(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(b"NONSENSE\r\n\r\n")
        connection.recv(100)
    assert eventually(
        lambda: any("Invalid HTTP request" in line["message"] for line in service.lines()), seconds=5
    )


def test_no_secret_reaches_the_logs_even_if_code_logs_it(fastapi: Path, tmp_path: Path) -> None:
    changed = copy(fastapi, tmp_path / "service")
    settings, router = changed / "app" / "settings.py", changed / "app" / "items" / "router.py"
    edit(settings, "    service_name: str\n", "    service_name: str\n    database_password: SecretStr\n")
    edit(router, "\n\ndef _missing(", LEAKY)
    edit(router, "from typing import Annotated\n", "import logging\nfrom typing import Annotated\n")
    edit(router, "import APIRouter, HTTPException,", "import APIRouter, HTTPException, Request,")
    request_id = uuid4().hex
    with running(changed, tmp_path / "run", DATABASE_PASSWORD=SECRET) as service:
        answer = service.http.get("/items/leak/now", headers={"X-Request-ID": request_id})
        assert answer.status_code == 500
        assert len(service.lines_of(request_id, 4)) == 4
        output = service.stdout.read_text() + service.stderr.read_text() + answer.text
    assert "hunter2" not in output
    assert output.count("[redacted]") >= 3


def test_a_crash_at_the_start_is_one_json_line(fastapi: Path, tmp_path: Path) -> None:
    changed = copy(fastapi, tmp_path / "service")
    edit(changed / "app" / "main.py", "    problems.install(app)\n", '    raise OSError("no space")\n')
    code, lines, _ = start_and_fail(changed, {})
    assert code != 0
    assert [(line["level"], line["exception"]["message"]) for line in lines] == [("critical", "no space")]
