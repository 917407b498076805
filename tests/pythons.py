"""The Python interpreters of this machine."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

SUPPORTED = ("3.11", "3.12", "3.13")


@cache
def interpreter(version: str) -> Path | None:
    """An interpreter of a version such as `3.12`: one on PATH that works, else one that pyenv keeps."""
    named = shutil.which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    kept = sorted(pyenv.glob(f"{version}.*/bin/python3")) if pyenv.is_dir() else []
    candidates = [*([Path(named)] if named else []), *reversed(kept)]
    return next((one for one in candidates if _version(one) == version), None)


def _version(python: Path) -> str:
    asked = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return ""
    return done.stdout.strip()
