"""`make install` of a service ends with a virtual environment that works, whatever it found there."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import ROOT, run
from tests.templates.fastapi_service import copy
from tests.tools import program
from workflows.tools.lock import parse


@pytest.fixture
def service(fastapi: Path, tmp_path: Path) -> Path:
    """A service that needs one small package, without a virtual environment."""
    made = copy(fastapi, tmp_path / "service")
    shutil.rmtree(made / ".venv", ignore_errors=True)
    (pin,) = [one for one in parse((made / "requirements-dev.txt").read_text()) if one.name == "idna"]
    hashes = " ".join(f"--hash={one}" for one in pin.hashes)
    (made / "requirements-dev.txt").write_text(f"{pin.requirement} {hashes}\n")
    return made


def never_finished(venv: Path) -> None:
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=venv.parent)


def without_its_python(venv: Path) -> None:
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=venv.parent)
    for name in ("python", "python3"):
        (venv / "bin" / name).unlink()
        (venv / "bin" / name).symlink_to("/nowhere/python3")
    (venv / ".installed").touch()


def a_mere_folder(venv: Path) -> None:
    (venv / "bin").mkdir(parents=True)
    (venv / "bin/python").write_text("")


def made_by_uv(venv: Path) -> None:
    done = run(program("uv"), "venv", "--quiet", f"--python={sys.executable}", venv, cwd=venv.parent)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "found",
    [
        never_finished,
        without_its_python,
        a_mere_folder,
        pytest.param(made_by_uv, marks=[pytest.mark.slow, pytest.mark.needs("uv")]),
    ],
)
def test_a_broken_environment_is_repaired_by_make_install(
    service: Path, found: Callable[[Path], None]
) -> None:
    found(service / ".venv")
    done = run("make", "install", "UV=", cwd=service)
    assert done.returncode == 0, done.stdout + done.stderr
    assert run(service / ".venv/bin/python", "-c", "import idna", cwd=service).returncode == 0


@pytest.mark.slow
@pytest.mark.needs("uv")
def test_an_environment_whose_python_is_gone_is_repaired_by_uv_too(service: Path) -> None:
    without_its_python(service / ".venv")
    done = run("make", "install", f"UV={program('uv')}", cwd=service)
    assert done.returncode == 0, done.stdout + done.stderr
    assert run(service / ".venv/bin/python", "-c", "import idna", cwd=service).returncode == 0


def a_python_without_venv(folder: Path) -> Path:
    """As Debian's python3 is without the package python3-venv: there is no ensurepip."""
    folder.mkdir()
    (folder / "ensurepip.py").write_text("raise ModuleNotFoundError\n")
    python = folder / "python3"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return python


@pytest.mark.parametrize("whose", ["the service's", "the platform's"])
def test_where_python_has_no_venv_make_says_what_to_install(
    service: Path, tmp_path: Path, whose: str
) -> None:
    python = a_python_without_venv(tmp_path / "python")
    folder = service
    if whose == "the platform's":
        folder = tmp_path / "platform"
        folder.mkdir()
        for name in ("Makefile", "requirements.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)
    target = "install" if folder == service else "demo"
    done = run("make", target, "UV=", f"PYTHON={python}", cwd=folder)
    assert done.returncode != 0
    assert "sudo apt install python3-venv" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (folder / ".venv").exists()


def test_the_platforms_own_environment_is_repaired_as_well(tmp_path: Path) -> None:
    (tmp_path / "idp").mkdir()
    (tmp_path / "idp/__main__.py").write_text("def main() -> None:\n    print('made')\n")
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    (pin,) = [one for one in parse((ROOT / "requirements.txt").read_text()) if one.name == "idna"]
    hashes = " ".join(f"--hash={one}" for one in pin.hashes)
    (tmp_path / "requirements.txt").write_text(f"{pin.requirement} {hashes}\n")
    never_finished(tmp_path / ".venv")
    done = run("make", "--silent", "demo", "UV=", f"PYTHON={sys.executable}", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "made\n"), done.stdout + done.stderr
    as_a_worker = "import runpy; runpy.run_path('.venv/bin/idp', run_name='__mp_main__')"
    worker = run(tmp_path / ".venv/bin/python", "-c", as_a_worker, cwd=tmp_path)
    assert (worker.returncode, worker.stdout) == (0, ""), "a worker process must not start the program again"
