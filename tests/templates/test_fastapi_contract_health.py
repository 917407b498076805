"""The service contract, point 1: liveness and readiness, of a running generated service."""

import time
from pathlib import Path

from tests.templates.fastapi_service import Service, copy, edit, running

SLOW_CHECKS = """

async def _never() -> None:
    await asyncio.sleep(60)


async def _refused() -> None:
    raise OSError("postgres://app:hunter2@db")
"""


def test_a_running_service_is_live_and_ready(service: Service) -> None:
    assert service.http.get("/health/live").json() == {"status": "live"}
    ready = service.http.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")


def test_a_failed_dependency_is_named_and_does_not_touch_liveness(service: Service) -> None:
    service.http.put("/contract-probe/dependency", params={"state": "failed"}).raise_for_status()
    try:
        answer = service.http.get("/health/ready")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["checks"]["contract-probe"].startswith("failed: ")
        assert service.http.get("/health/live").status_code == 200
    finally:
        service.http.put("/contract-probe/dependency", params={"state": "ok"}).raise_for_status()
    assert service.http.get("/health/ready").status_code == 200


def test_checks_that_hang_cost_one_time_limit_together_and_errors_stay_inside(
    fastapi: Path, tmp_path: Path
) -> None:
    changed = copy(fastapi, tmp_path / "service")
    main = changed / "app" / "main.py"
    edit(
        main,
        "    readiness = health.Readiness(lifecycle)\n",
        "    readiness = health.Readiness(lifecycle)\n"
        + "".join(
            f'    readiness.add("hangs-{number}", _never, timeout_seconds=0.5)\n' for number in range(4)
        )
        + '    readiness.add("refused", _refused)\n',
    )
    main.write_text(main.read_text().replace("\n\ndef create_app", f"{SLOW_CHECKS}\n\ndef create_app"))
    edit(
        main,
        "from collections.abc import AsyncIterator\n",
        "import asyncio\nfrom collections.abc import AsyncIterator\n",
    )
    with running(changed, tmp_path / "run") as service:
        began = time.monotonic()
        answer = service.http.get("/health/ready")
        assert time.monotonic() - began < 1.5, "four checks of 0.5 s run at once"
        assert answer.status_code == 503
        assert [name for name in answer.json()["checks"] if name.startswith("hangs")] == [
            f"hangs-{number}" for number in range(4)
        ]
        assert answer.json()["checks"]["refused"] == "failed: OSError"
        assert "hunter2" not in answer.text
        service.http.get("/health/ready")
        changes = [line for line in service.lines() if line["message"] == "dependency"]
        assert len(changes) == 5, "a dependency that stays down is logged once"
