"""Shared fixtures: isolated Git, tools that a test needs, one platform repository per session."""

import os
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test, settings

from tests.support import platform_repository
from tests.tools import is_missing

# Whoever starts the tests may have signals ignored or blocked (a shell does it to a command in the background), which
# this process and all that it starts would inherit.
for _number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD):
    signal.signal(_number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.pthread_sigmask(signal.SIG_SETMASK, ())

REQUIRE_ALL = os.environ.get("IDP_REQUIRE_ALL") == "1"
FACTOR = int(os.environ.get("IDP_TEST_FACTOR") or 1)

# No test fails because a machine is busy. A pipeline judges a change by what it changes: the random search goes on
# where people work.
settings.register_profile("people", deadline=None)
settings.register_profile("pipeline", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("pipeline" if REQUIRE_ALL else "people")


@pytest.fixture(scope="session", autouse=True)
def _isolated_git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Git and idp read no configuration of the person who runs the tests."""
    home = tmp_path_factory.mktemp("home")
    config = home / "gitconfig"
    config.write_text("[user]\n\tname = Test\n\temail = test@example.org\n[init]\n\tdefaultBranch = main\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(config))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        patch.setenv("XDG_STATE_HOME", str(home / "state"))
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        # The package managers keep their caches, or every run would fetch everything anew; idp's own is this run's.
        for variable, folder in (("UV_CACHE_DIR", "uv"), ("PIP_CACHE_DIR", "pip")):
            patch.setenv(variable, os.environ.get(variable) or str(Path.home() / ".cache" / folder))
        patch.setenv("IDP_TEST_TOOLS", os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"))
        patch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        inherited = ("IDP_PLATFORM", "GITHUB_TOKEN", "GH_TOKEN", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")
        for name in (*inherited, *(key for key in os.environ if key.startswith("IDP_GITHUB"))):
            patch.delenv(name, raising=False)
        yield


def _search_longer(item: pytest.Function) -> None:
    """Multiply how many examples a property is tried with."""
    function = getattr(item.obj, "__func__", item.obj)
    chosen = getattr(function, "_hypothesis_internal_use_settings", settings())
    function._hypothesis_internal_use_settings = settings(  # noqa: SLF001 - hypothesis offers no other way
        chosen, max_examples=min(chosen.max_examples, 1000) * FACTOR, derandomize=False
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the properties, search longer where IDP_TEST_FACTOR says so; what takes longest begins first.

    No worker is left with something long at the end.
    """
    for item in items:
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.obj):
            item.add_marker(pytest.mark.property)
            if FACTOR > 1:
                _search_longer(item)
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose tools are missing."""
    for marker in item.iter_markers("needs"):
        for missing in filter(is_missing, marker.args):
            pytest.skip(f"needs {missing}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where every tool is promised, a test that was skipped is one that failed."""
    report = yield
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but IDP_REQUIRE_ALL=1: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform repository with this work tree's content, tagged v0.1.0. Read-only by convention."""
    return platform_repository(tmp_path_factory.mktemp("platform") / "platform")
