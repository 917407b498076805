"""No service can hang the live check, flood it or outlive it, and the reason is reported."""

import time
from pathlib import Path

import pytest

from idp.standards.live.catalog import LIVE_STANDARDS
from idp.standards.probe import ProbeLimits, observe
from idp.standards.probe.survivors import survivors
from idp.standards.scorecard import Outcome, RuleResult, judge
from idp.standards.service_files import read_service_files
from tests.support import build_file_tree

LIMITS = ProbeLimits(
    start=4.0, answer=0.6, probing=4.0, drain=0.5, grace=0.5, slack=1.0, output_bytes=200_000
)
SOCKET = """
import os, signal, socket, subprocess, sys, threading, time
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(os.environ["PORT"])))
server.listen(64)
def serve(answer):
    while True:
        connection, _ = server.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()
"""


def service(folder: Path, code: str, makefile: str = "run:\n\t@exec python3 -u main.py\n") -> Path:
    return build_file_tree(folder, {"Makefile": makefile, "main.py": code})


def results(folder: Path, seconds: float) -> dict[str, RuleResult]:
    """The live rules' results, by ID; they must be there in time and leave nothing running."""
    started = time.monotonic()
    observations = observe(folder, read_service_files(folder), lambda _: None, LIMITS)
    assert time.monotonic() - started < seconds
    return {result.rule.id: result for result in judge(LIVE_STANDARDS, observations)}


def message(result: RuleResult) -> str:
    return result.findings[0].message


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import time\ntime.sleep(600)\n", "Nothing listened"),
        ("raise SystemExit('broken: reason')\n", "broken: reason"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "ended with exit code"),
        ("while True:\n    print('x' * 1000)\n", "Nothing listened"),
    ],
)
def test_a_service_that_never_listens_is_reported_with_the_reason(
    tmp_path: Path, code: str, reason: str
) -> None:
    found = results(service(tmp_path, code), 12)
    assert found["START-LISTENS"].outcome is Outcome.FAILED
    assert reason in message(found["START-LISTENS"])
    others = {result.outcome for name, result in found.items() if name not in {"START-LISTENS", "LOG-VOLUME"}}
    assert others == {Outcome.NOT_CHECKED}


@pytest.mark.parametrize("makefile", [None, "all:\n", "run:\n\t@exit 0\n", "%%%\0"])
def test_a_folder_that_cannot_be_started_is_reported(tmp_path: Path, makefile: str | None) -> None:
    build_file_tree(tmp_path, {} if makefile is None else {"Makefile": makefile})
    found = results(tmp_path, 12)
    assert "ended with exit code" in message(found["START-LISTENS"])


SLOW = (
    "def answer(c):\n    for b in b'HTTP/1.1 200 OK\\r\\n' * 999:\n"
    "        c.send(bytes([b])); time.sleep(0.1)\n"
)
HUGE = (
    "def answer(c):\n    c.recv(9999); c.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\n')\n"
    "    while True:\n        c.sendall(b'x' * 65536)\n"
)
SILENT = "def answer(c):\n    time.sleep(600)\n"
GARBAGE = "def answer(c):\n    c.recv(9999); c.sendall(b'\\x00\\xff' * 5000); c.close()\n"
HEADERS = (
    "def answer(c):\n    c.recv(9999); c.sendall(b'HTTP/1.1 200 OK\\r\\n' + b'A: b\\r\\n' * 100000)\n"
    "    c.close()\n"
)
CLOSES = "def answer(c):\n    c.close()\n"


@pytest.mark.slow
@pytest.mark.parametrize("answer", [SLOW, HUGE, SILENT, GARBAGE, HEADERS, CLOSES])
def test_answers_that_never_end_or_make_no_sense_are_no_answers(tmp_path: Path, answer: str) -> None:
    found = results(service(tmp_path, SOCKET + answer + "serve(answer)\n"), 30)
    assert found["START-LISTENS"].outcome is Outcome.PASSED
    assert found["HEALTH-LIVE"].outcome is Outcome.FAILED
    assert "no answer" in message(found["HEALTH-LIVE"])


@pytest.mark.slow
def test_endless_output_is_cut_and_named(tmp_path: Path) -> None:
    code = SOCKET + CLOSES + "threading.Thread(target=serve, args=(answer,), daemon=True).start()\n"
    found = results(service(tmp_path, code + "while True:\n    print('{}' * 50_000)\n"), 30)
    assert found["LOG-VOLUME"].outcome is Outcome.FAILED


@pytest.mark.slow
def test_a_service_that_ignores_signals_and_forks_is_ended_with_its_children(tmp_path: Path) -> None:
    marker = tmp_path / "child"
    code = (
        SOCKET
        + "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        + "child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        + f"open({str(marker)!r}, 'a').write(f'{{child.pid}}\\n')\n"
        + CLOSES
        + "serve(answer)\n"
    )
    found = results(service(tmp_path, code), 40)
    assert found["DRAIN-EXIT"].outcome is Outcome.FAILED
    for line in marker.read_text().split():
        assert not survivors(int(line), "no such marker")


def test_the_names_of_keys_and_routes_do_not_matter_for_a_service_that_is_none(tmp_path: Path) -> None:
    makefile = "run:\n\t@exec python3 -u -m http.server --bind 127.0.0.1 $$PORT\n"
    found = results(build_file_tree(tmp_path, {"Makefile": makefile, ".env.example": "API_TOKEN=\n"}), 40)
    assert found["START-LISTENS"].outcome is Outcome.PASSED
    assert found["PROBE-ROUTES"].outcome is Outcome.FAILED
    assert len(found["PROBE-ROUTES"].findings) == 5
    assert found["REQID-FORWARD"].outcome is Outcome.NOT_CHECKED
    assert "PROBE-ROUTES" in found["REQID-FORWARD"].note
