"""The command line as a contract: exit codes, the JSON envelope, errors without tracebacks."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import validate

from idp import __version__
from idp.core.errors import ExitCode
from idp.output import console
from tests.command_line import idp

COMMANDS = ["create", "run", "check", "update", "diff", "status", "templates", "init", "doctor", "demo"]
ENVELOPE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["schema_version", "command", "status", "data", "errors"],
    "properties": {
        "schema_version": {"const": 1},
        "command": {"type": "string"},
        "status": {"enum": ["ok", "failed"]},
        "data": {"type": ["object", "null"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["code", "message", "hint"],
                "properties": {
                    "code": {"type": "string", "pattern": "^[a-z][a-z-]+$"},
                    "message": {"type": "string", "minLength": 1},
                    "hint": {"type": "string", "minLength": 1},
                },
            },
        },
    },
}


def test_the_exit_codes_are_the_published_ones() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "DONE": 0,
        "FAILURE": 1,
        "USAGE": 2,
        "BUG": 3,
        "DRIFT": 10,
        "GATE_BLOCKED": 11,
        "CONFLICT": 12,
        "CHECKS_FAILED": 13,
        "INTERRUPTED": 130,
    }


@pytest.mark.parametrize(
    "argv",
    [
        ("templates",),
        ("templates", "--platform", "/nowhere"),
        ("doctor",),
        ("init", "/proc/cannot/be/made"),
        ("demo", "--dry-run"),
        ("check", "/nowhere"),
        ("run", "/nowhere"),
        ("create", "service", "Bad Name"),
        ("create", "service"),
        ("templates", "--no-such-option"),
    ],
)
def test_every_command_prints_one_envelope_whatever_happens(argv: tuple[str, ...], platform: Path) -> None:
    result = idp(*argv, "--output", "json", cwd=platform)
    validate(result.json, ENVELOPE)
    assert (result.json["status"] == "ok") == (result.exit_code == 0)
    assert bool(result.json["errors"]) == (result.exit_code != 0)
    assert result.json["command"] == ("create service" if argv[0] == "create" else argv[0])


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS), ["create", "service"]])
def test_every_command_has_help(command: list[str]) -> None:
    result = idp(*command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_the_version_is_the_programs() -> None:
    assert idp("--version").stdout == f"idp {__version__}\n"
    done = subprocess.run(
        [sys.executable, "-m", "idp", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"idp {__version__}\n"


def test_an_error_is_two_lines_on_stderr_and_says_what_to_do_next() -> None:
    result = idp("create", "service", "Bad Name")
    assert result.exit_code == ExitCode.USAGE
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0] == "error: 'Bad Name' is not a service name."
    assert lines[1].startswith("  next: Use 1 to 40 lower-case letters")


def test_a_bug_is_exit_code_3_and_its_traceback_lies_in_a_log_file(monkeypatch: pytest.MonkeyPatch) -> None:
    from idp.templates import list as templates

    def broken(**_: object) -> None:
        raise ZeroDivisionError("seeded")

    monkeypatch.setattr(templates, "templates", broken)
    result = idp("templates")
    assert result.exit_code == ExitCode.BUG
    log = Path(result.stderr.strip().rpartition(" ")[2])
    assert "ZeroDivisionError: seeded" in log.read_text()


def test_a_reader_that_goes_away_causes_no_noise(platform: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m idp init --dry-run x | head -1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=platform,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_an_interrupt_is_exit_code_130(tmp_path: Path) -> None:
    service = tmp_path / "service"
    service.mkdir()
    (service / "Makefile").write_text("run:\n\t@touch runs; exec sleep 60\n")
    child = subprocess.Popen(
        [sys.executable, "-m", "idp", "run", str(service)], start_new_session=True, stderr=subprocess.PIPE
    )
    _wait_for(service / "runs")
    os.killpg(child.pid, signal.SIGINT)
    assert child.wait(50) == ExitCode.INTERRUPTED


def _wait_for(file: Path) -> None:
    import time

    for _ in range(1000):
        if file.exists():
            return
        time.sleep(0.05)
    pytest.fail(f"{file} never came")


@given(
    argv=st.lists(
        st.one_of(
            st.sampled_from([*COMMANDS, "service", "--output", "json", "--data", "--port"]),
            st.text(max_size=12),
        ),
        max_size=5,
    )
)
@settings(max_examples=150, deadline=None)
def test_no_command_line_causes_a_bug(argv: list[str]) -> None:
    if {"demo", "init", "doctor", "check", "run", "update", "diff", "status"} & set(argv):
        argv = [*argv, "--help"]
    if argv[:2] == ["create", "service"]:
        argv = [*argv, "--platform", "/nowhere"]
    result = idp(*argv)
    assert result.exit_code in {0, 1, 2}, result.stderr


def test_colour_is_only_for_terminals_and_not_where_no_color_is_set(platform: Path) -> None:
    def on_a_terminal(environment: dict[str, str]) -> str:
        ours, theirs = pty.openpty()
        child = subprocess.Popen(
            [sys.executable, "-m", "idp", "doctor"],
            cwd=platform,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm-256color", **environment},
        )
        os.close(theirs)
        text = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:
                break
            if not chunk:
                break
            text += chunk
        child.wait(60)
        os.close(ours)
        return text.decode()

    assert "\x1b[32m" in on_a_terminal({})
    assert "\x1b[32m" not in on_a_terminal({"NO_COLOR": "1"})
    assert "\x1b" not in idp("doctor", cwd=platform).stdout


_COMPLETION_STARTS = {"bash": "complete -o default -F", "zsh": "#compdef", "fish": "complete --command"}


@pytest.mark.parametrize("shell", _COMPLETION_STARTS)
def test_shell_completion_is_there(shell: str) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("idp"), "--show-completion", shell],
        # Otherwise Typer looks which shell it runs in, and there may be none.
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert _COMPLETION_STARTS[shell] in done.stdout


def test_bash_completes_a_command_that_is_begun() -> None:
    asked = {"_IDP_COMPLETE": "complete_bash", "COMP_WORDS": "idp roll", "COMP_CWORD": "1"}
    done = subprocess.run(
        [Path(sys.executable).with_name("idp")],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["rollback"], "")


def test_a_view_that_cannot_be_loaded_beside_a_command_is_no_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with console.preloading("no such view", as_json=False):
        pass
    assert capsys.readouterr().err == ""


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from idp.cli import app; app(['-h'], standalone_mode=False); print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = done.stdout.splitlines()[-1]
    for heavy in ("copier", "pydantic", "rich", "yaml", "fastapi", "jinja2"):
        assert f"'{heavy}'" not in modules


def test_json_of_a_dry_run_lists_the_files(platform: Path, tmp_path: Path) -> None:
    result = idp("init", tmp_path / "mine", "--dry-run", "--output", "json", cwd=platform)
    files = json.loads(result.stdout)["data"]["files"]
    assert "copier.yml" in files
    assert ".github/workflows/service-ci.yml" in files
    assert not (tmp_path / "mine").exists()
