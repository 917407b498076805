"""Each test is in exactly one of the tiers of the Makefile."""

import itertools
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.mark.expression import Expression

from tests.support import ROOT, run

if TYPE_CHECKING:
    import subprocess

MARKERS = ("slow", "soak", "clean_machine", "property", "timing")


def selections(target: str) -> list[str]:
    """What a target of the Makefile asks pytest for, run by run."""
    shown = run("make", "--dry-run", "--always-make", target, cwd=ROOT).stdout
    return re.findall(r'pytest .*-m "([^"]+)"', shown)


def test_all_runs_each_test_once_and_leaves_the_longest_to_soak() -> None:
    asked = selections("test-all")
    assert len(asked) == 3
    for count in range(len(MARKERS) + 1):
        for marks in itertools.combinations(MARKERS, count):
            if "clean_machine" in marks and "slow" not in marks:
                continue
            times = sum(chosen(one, marks) for one in asked)
            assert times == ("soak" not in marks), (marks, asked)


def chosen(selection: str, marks: tuple[str, ...]) -> bool:
    return Expression.compile(selection).evaluate(lambda name, /, **_: name in marks)


def test_soak_runs_the_longest_and_every_property() -> None:
    (asked,) = selections("soak")
    assert chosen(asked, ("soak",))
    assert chosen(asked, ("slow", "property"))
    assert not chosen(asked, ("slow",))


def test_what_runs_on_a_clean_machine_is_slow(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        if item.get_closest_marker("clean_machine"):
            assert item.get_closest_marker("slow"), item.nodeid


def pytest_on(file: Path, text: str, *argv: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run a test file as if it were one of ours."""
    file.write_text(text)
    ours = ("-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "--rootdir", ROOT)
    return run(sys.executable, *ours, "-c", ROOT / "pyproject.toml", *argv, file, cwd=ROOT, env=env)


MISSING = "import pytest\n@pytest.mark.needs('no-such-program')\ndef test_it(): pass\n"


def test_what_a_machine_lacks_is_listed_and_is_a_failure_where_nothing_may_be_lacking(tmp_path: Path) -> None:
    done = pytest_on(tmp_path / "test_missing.py", MISSING, IDP_REQUIRE_ALL="")
    assert (done.returncode, "SKIPPED [1]" in done.stdout) == (0, True), done.stdout
    assert "needs no-such-program" in done.stdout
    done = pytest_on(tmp_path / "test_missing.py", MISSING, IDP_REQUIRE_ALL="1")
    assert done.returncode == 1, done.stdout
    assert "needs no-such-program" in done.stdout


COUNTING = """
import atexit
from hypothesis import given, settings, strategies
tried = []
@given(strategies.integers())
@settings(max_examples=40)
def test_it(number): tried.append(number)
atexit.register(lambda: print("tried", len(tried), hash(tuple(tried))))
"""


def test_a_soak_tries_as_many_times_the_cases_and_the_same_ones_for_a_seed(tmp_path: Path) -> None:
    def tried(seed: int) -> str:
        options = ("-m", "property", f"--hypothesis-seed={seed}")
        done = pytest_on(tmp_path / "test_counting.py", COUNTING, *options, IDP_TEST_FACTOR="5")
        assert done.returncode == 0, done.stdout
        return done.stdout.splitlines()[-1]

    first, same, other = tried(1), tried(1), tried(2)
    assert first == same != other
    assert first.startswith("tried 200 ")
