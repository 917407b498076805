"""An installed package needs no checkout: it carries a platform."""

import os
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support import ROOT, git, platform_repository, run
from tests.tools import program


@pytest.mark.slow
def test_an_installed_package_creates_a_service_with_nothing_else_there(tmp_path: Path) -> None:
    source = platform_repository(tmp_path / "source")
    built = run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path, source, cwd=tmp_path
    )
    if built.returncode != 0 and "No module named pip" in built.stderr:
        built = run(program("uv"), "build", "--quiet", "--wheel", "-o", tmp_path, source, cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert len(names) == len(set(names))
        archive.extractall(tmp_path / "installed")
    environment = {
        "PYTHONPATH": str(tmp_path / "installed"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    work = tmp_path / "work"
    work.mkdir()
    for name in ("one", "two"):
        created = run(sys.executable, "-m", "idp", "create", "service", name, cwd=work, env=environment)
        assert created.returncode == 0, created.stderr
    (bundled,) = (tmp_path / "data/idp/platform").iterdir()
    assert git("tag", cwd=bundled) == bundled.name == "v0.1.0"
    assert (bundled / "workflows/service-ci.yml").is_symlink()
    carried = set(git("ls-files", "idp", "requirements.txt", cwd=bundled).splitlines())
    assert carried == set(git("ls-files", "idp", "requirements.txt", cwd=source).splitlines())
    assert f"_src_path: {bundled}" in (work / "one/.copier-answers.yml").read_text()
    assert not (ROOT / "idp/_platform").exists()
