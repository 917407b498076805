"""A FastAPI service is the same on every supported Python."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.pythons import SUPPORTED, interpreter
from tests.support import run
from tests.templates.fastapi_service import copy, running

REQUESTS = {
    "unknown": ("GET", "/nowhere", None),
    "not allowed": ("POST", "/health/live", None),
    "invalid": ("POST", "/contract-probe/echo", {"value": "x"}),
    "too large": ("POST", "/contract-probe/echo", {"value": "x" * 2_000_000}),
    "failed": ("GET", "/contract-probe/error", None),
}
CHANGING = {"timestamp", "duration_ms", "trace_id", "request_id", "exception"}


def seen(service: Path, folder: Path) -> dict[str, Any]:
    """What a client and a log collector get of a running service, without what is new at every start."""
    found: dict[str, Any] = {}
    with running(service, folder) as started:
        found["openapi"] = started.http.get("/openapi.json").json()
        for name, (method, path, body) in REQUESTS.items():
            answer = started.http.request(
                method, path, json=body, headers={"X-Request-ID": name.replace(" ", "-")}
            )
            found[name] = (answer.status_code, answer.headers["content-type"], answer.json())
            lines = started.lines_of(name.replace(" ", "-"))
            kept = [{key: value for key, value in line.items() if key not in CHANGING} for line in lines]
            found[f"log of {name}"] = sorted(json.dumps(line, sort_keys=True) for line in kept)
    return found


@pytest.mark.slow
def test_a_service_passes_its_tests_and_answers_alike_on_every_python(fastapi: Path, tmp_path: Path) -> None:
    results = {}
    for version in SUPPORTED:
        python = interpreter(version)
        if python is None:
            pytest.skip(f"needs python{version}")
        service = copy(fastapi, tmp_path / version / "service")
        run("rm", "-rf", ".venv", cwd=service)
        for target in ("lint", "test"):
            done = run("make", target, f"PYTHON={python}", cwd=service)
            assert done.returncode == 0, f"{version}: {done.stdout}{done.stderr}"
        which = run(service / ".venv/bin/python", "-c", "import sys; print(sys.version)", cwd=service)
        assert which.stdout.startswith(version)
        results[version] = seen(service, tmp_path / version / "run")
    first, *others = results.values()
    assert first["too large"][2]["title"] == "Content Too Large"
    assert all(other == first for other in others)
