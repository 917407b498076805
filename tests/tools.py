"""The programs that tests need beside Python and Git."""

import os
import shutil
import sys
from functools import cache
from pathlib import Path

from tests.support import run

# What `make` installs in environments of their own is on nobody's PATH: most of idp has to work without it.
OWN = (Path(sys.executable).parent, Path(sys.prefix, "uv/bin"), Path(sys.prefix, "checkov/bin"))


def program(name: str) -> str:
    """Where a program is; empty if it is nowhere."""
    places = os.pathsep.join([str(OWN[0]), os.environ["PATH"], *map(str, OWN[1:])])
    return shutil.which(name, path=places) or ""


@cache
def is_missing(name: str) -> bool:
    """Whether this machine lacks what `@pytest.mark.needs(name)` asks for."""
    if name == "docker-engine":
        return not program("docker") or run("docker", "info", cwd=Path.cwd()).returncode != 0
    return not program(name)
