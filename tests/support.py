"""What every test shares: a platform repository made from this work tree, and services rendered from it."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def git(*argv: str | Path, cwd: Path, stdin: str = "") -> str:
    """Run real Git and return its trimmed standard output; a failure fails the test."""
    done = subprocess.run(
        ["git", *map(str, argv)], cwd=cwd, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {argv}: {done.stderr}"
    return done.stdout.strip()


def run(
    *argv: str | Path, cwd: Path, env: Mapping[str, str] | None = None, stdin: str = "", timeout: float = 600
) -> "subprocess.CompletedProcess[str]":
    """Run a program and return what it did, whatever its exit code."""
    return subprocess.run(
        [str(part) for part in argv],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def build_file_tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a folder: path → text or bytes."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def save(repository: Path, message: str = "test", tag: str | None = None) -> str:
    """Commit everything in a repository (made if need be), tag it if asked; the commit's full name."""
    if not (repository / ".git").exists():
        git("init", "--quiet", "--initial-branch=main", cwd=repository)
    git("add", "--all", cwd=repository)
    git("commit", "--quiet", "--allow-empty", "--no-verify", "-m", message, cwd=repository)
    if tag:
        git("tag", tag, cwd=repository)
    return git("rev-parse", "HEAD", cwd=repository)


def platform_repository(destination: Path, tag: str = "v0.1.0") -> Path:
    """A clean, tagged platform repository with this work tree's content, uncommitted edits included."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, destination / name
        if not os.path.lexists(source):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    save(destination, "feat: platform", tag)
    return destination
