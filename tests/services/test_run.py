"""`idp run`: the service's own `make run`, in the foreground, with the signals reaching it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.command_line import idp

SERVICE = """\
import os, signal, sys, time
def stop(number, frame):
    print("stopping", number, flush=True)
    time.sleep(0.3)
    print("stopped", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
print("port", os.environ.get("PORT"), flush=True)
time.sleep(60)
"""


@pytest.fixture
def service(tmp_path: Path) -> Path:
    (tmp_path / "service.py").write_text(SERVICE)
    (tmp_path / "Makefile").write_text(f"run:\n\t@exec {sys.executable} service.py\n")
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_the_service_and_it_ends_in_its_own_time(
    service: Path, number: signal.Signals
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "idp", "run", str(service), "--port", "9321"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "port 9321\n"
    child.send_signal(number)
    rest = child.stdout.read()
    assert child.wait(10) == 0
    if number is signal.SIGTERM:
        assert rest == f"stopping {int(number)}\nstopped\n"


def test_without_a_port_the_service_has_its_own_choice(service: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "idp", "run", str(service)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "port None\n"
    child.send_signal(signal.SIGTERM)
    child.wait(10)


def test_a_service_that_fails_is_an_error(service: Path) -> None:
    (service / "service.py").write_text("raise SystemExit(7)")
    result = idp("run", service)
    assert result.exit_code == 1
    assert "make -C" in result.stderr


def test_ctrl_c_is_an_interrupt_even_where_the_service_makes_an_error_of_it(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(
        "run:\n\t@trap 'exit 3' INT; touch runs; while :; do sleep 0.1; done\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-m", "idp", "run", str(tmp_path)], start_new_session=True, stderr=subprocess.PIPE
    )
    while not (tmp_path / "runs").exists():
        assert child.poll() is None
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGINT)
    assert child.wait(60) == 130


def test_a_folder_without_a_run_target_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("run-something:\n\techo\nrun := 3\n")
    result = idp("run", tmp_path, "--output", "json")
    assert result.exit_code == 1
    assert result.json["errors"][0]["code"] == "no-run-target"


def test_the_service_is_gone_when_run_is(service: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "idp", "run", str(service)], stdout=subprocess.PIPE, start_new_session=True
    )
    assert child.stdout is not None
    child.stdout.readline()
    child.send_signal(signal.SIGTERM)
    child.wait(10)
    time.sleep(0.2)
    left = subprocess.run(["pgrep", "-g", str(child.pid)], capture_output=True, text=True, check=False).stdout
    assert left == ""
