"""The main job, from the command that the README names."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import run


@pytest.mark.slow
@pytest.mark.needs("make")
def test_the_demo_makes_tests_and_checks_a_service_that_meets_every_standard(tmp_path: Path) -> None:
    done = run(sys.executable, "-m", "idp", "demo", "--keep", "--output", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    data = json.loads(done.stdout)["data"]
    assert data["scorecard"]["passed"]
    assert data["scorecard"]["live"]
    assert data["scorecard"]["totals"]["failed"] == 0
    assert data["scorecard"]["totals"]["not_checked"] == 0
    assert [step["seconds"] > 0 for step in data["steps"]] == [True] * 5
    folder = Path(data["folder"])
    assert (folder / "platform/environments/catalog/user-profile.yaml").is_file()
    left = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True, check=False).stdout
    assert left == ""
    run("rm", "-rf", folder, cwd=tmp_path)
