"""Write the lock files of this repository (`make lock`), or check some: `python workflows/tools/lock.py FILE...`.

A lock has to install exactly what it names, whichever installer reads it and whatever is released later. pip before
23.3 does not apply `coverage==7.0` to a package that requires `coverage[toml]`, nor the other way round: it looks for
the newest release, which no hash allows. So each form in which a locked package is required needs a line of its own.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import distributions
from itertools import product
from pathlib import Path
from shutil import copyfile, which
from tempfile import TemporaryDirectory

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "copier-templates/fastapi/project"
PYTHONS = ("3.11", "3.12", "3.13")
"""What is supported; the locks are made for the first and hold for all."""
_COMPILE = ("--universal", f"--python-version={PYTHONS[0]}", "--generate-hashes", "--no-strip-extras")
_PLATFORMS = ("linux", "darwin", "win32")


@dataclass(frozen=True)
class Lock:
    """One lock file.

    Attributes:
        file: its path in the repository.
        source: what it is made from.
        options: of uv, besides those of every lock.
        header: whether the file says how it was made, which Renovate reads in services.
    """

    file: str
    source: str
    options: tuple[str, ...] = ()
    header: bool = False


LOCKS = (
    Lock("requirements.txt", "pyproject.toml"),
    Lock("requirements-test.txt", "pyproject.toml", ("--extra=test", "--constraints=requirements.txt")),
    Lock("tests/environments/checkov/requirements.txt", "tests/environments/checkov/requirements.in"),
    *(
        Lock(f"workflows/tools/{one}.txt", f"workflows/tools/{one}.in")
        for one in ("build", "image", "scan", "uv")
    ),
    Lock(f"{TEMPLATE}/requirements.txt", f"{TEMPLATE}/pyproject.toml.jinja", header=True),
    Lock(
        f"{TEMPLATE}/requirements-dev.txt", f"{TEMPLATE}/pyproject.toml.jinja", ("--group=dev",), header=True
    ),
)


@dataclass(frozen=True)
class Pin:
    """One line of a lock: a package with a set of extras, its version and hashes, and where it applies."""

    requirement: Requirement
    hashes: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        return str(self.requirement.specifier).removeprefix("==")


class LockError(Exception):
    """A lock would not install exactly what it names."""


def parse(text: str) -> list[Pin]:
    """The pins of a lock.

    Raises:
        LockError: a line is not `name[extras]==version ; marker --hash=...`.
    """
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [_pin(line) for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _pin(line: str) -> Pin:
    words, *hashes = line.split(" --hash=")
    try:
        requirement = Requirement(words.strip())
    except InvalidRequirement as error:
        raise LockError(f"{line[:80]!r} is not a pin") from error
    if not hashes or not re.fullmatch(r"==[^,*]+", str(requirement.specifier)):
        raise LockError(f"{requirement.name} has no exact version with hashes")
    return Pin(requirement, tuple(one.strip() for one in hashes))


def unpinned_forms(pins: Sequence[Pin], requires: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What an old pip would take the newest release of, such as `coverage[toml]`, or `x` where only `x[a]` is pinned.

    Args:
        pins: the lock's.
        requires: canonical name → the package's `Requires-Dist`.

    Returns:
        form → the name of a package that requires it, sorted.
    """
    locked = {form(pin.requirement) for pin in pins}
    names = {pin.name for pin in pins}
    found = {}
    for pin in pins:
        for needed in map(Requirement, requires.get(pin.name, ())):
            asked = form(needed)
            if asked not in locked and canonicalize_name(needed.name) in names and _applies(needed, pin):
                found[asked] = pin.name
    return dict(sorted(found.items()))


def form(requirement: Requirement) -> str:
    """The name with its extras, as pip before 23.3 tells requirements apart: `x`, `x[a]` and `x[a,b]` are three."""
    extras = ",".join(sorted(map(canonicalize_name, requirement.extras)))
    return canonicalize_name(requirement.name) + (f"[{extras}]" if extras else "")


def with_forms(text: str, missing: Iterable[str]) -> str:
    """A lock with the entries of packages repeated in other forms. uv writes one for each package."""
    added = list(missing)
    entries = re.findall(r"^[^#\s].*(?:\n[ \t].*)*", text, re.MULTILINE)
    for entry in entries:
        name = form(Requirement(entry.split("==")[0]))
        wanted = [one for one in added if one.partition("[")[0] == name.partition("[")[0]]
        again = [one + entry[entry.index("==") :] for one in wanted]
        text = text.replace(entry, "\n".join([entry, *again]), 1)
    return text


def _applies(needed: Requirement, pin: Pin) -> bool:
    """Whether a requirement counts on any supported Python and platform, with the extras that are locked."""
    if needed.marker is None:
        return True
    environments = (
        {
            "python_version": python,
            "python_full_version": f"{python}.0",
            "sys_platform": platform,
            "extra": extra,
        }
        for python, platform, extra in product(PYTHONS, _PLATFORMS, ("", *pin.requirement.extras))
    )
    return any(needed.marker.evaluate(one) for one in environments)


def installed_requirements(lock: Path, uv: str) -> dict[str, list[str]]:
    """Canonical name → `Requires-Dist` of everything that a lock installs on this machine."""
    with TemporaryDirectory(prefix="lock-") as folder:
        install = ("pip", "install", "--quiet", "--no-deps", "--require-hashes", f"--python={sys.executable}")
        _run(uv, *install, f"--target={folder}", f"--requirement={lock}")
        return {
            canonicalize_name(one.metadata["Name"]): list(one.requires or ())
            for one in distributions(path=[folder])
        }


def check(lock: Path, uv: str) -> None:
    """Refuse a lock that an old pip would not install as it is.

    Raises:
        LockError: it has a line that is no pin, or lacks an extra.
    """
    missing = unpinned_forms(parse(lock.read_text(encoding="utf-8")), installed_requirements(lock, uv))
    if missing:
        asked = ", ".join(f"{one} (required by {by})" for one, by in missing.items())
        raise LockError(
            f"these have no line of their own: {asked}. pip before 23.3 would look for the newest release of these "
            "packages. `make lock` adds the lines"
        )


def write(lock: Lock, uv: str) -> None:
    """Make a lock anew, keeping the versions that still fit, and put it in place if it holds.

    Raises:
        LockError: it would not hold; the file is left as it was.
    """
    target = ROOT / lock.file
    with TemporaryDirectory(prefix="lock-") as temporary:
        made = Path(temporary, target.name)
        if target.exists():
            copyfile(target, made)  # uv keeps the versions that it finds there
        _compile(lock, made, uv)
        text = made.read_text(encoding="utf-8")
        made.write_text(
            with_forms(text, unpinned_forms(parse(text), installed_requirements(made, uv))), encoding="utf-8"
        )
        check(made, uv)
        fresh = target.with_name(f".{target.name}.new")
        copyfile(made, fresh)
        fresh.replace(target)


def _compile(lock: Lock, made: Path, uv: str) -> None:
    """A service's lock names the command that made it, as somebody in the service's folder would type it."""
    compile_ = (uv, "pip", "compile", "--quiet", *_COMPILE, *lock.options)
    if not lock.header:
        _run(*compile_, "--no-header", "--no-emit-index-url", lock.source, f"--output-file={made}")
        return
    project = (ROOT / lock.source).read_text(encoding="utf-8").replace("{{ service_name }}", "service")
    (made.parent / "pyproject.toml").write_text(project, encoding="utf-8")
    command = (
        uv,
        "pip",
        "compile",
        "pyproject.toml",
        *_COMPILE,
        *lock.options,
        f"--output-file={made.name}",
        "--quiet",
    )
    _run(*command, cwd=made.parent)


def _run(*command: str, cwd: Path = ROOT) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise LockError(f"`{' '.join(command[:3])}` failed: {done.stderr.strip()[-2000:]}")


def _check_or_write(one: str | Lock, uv: str) -> None:
    if isinstance(one, str):
        check(Path(one), uv)
    else:
        write(one, uv)


def main(files: Sequence[str]) -> Iterator[str]:
    """Check the files, or without any write all locks; what is wrong, a line each."""
    uv = which("uv")
    if uv is None:
        yield "uv is missing: `python3 -m pip install uv` installs it."
        return
    for one in files or LOCKS:
        try:
            _check_or_write(one, uv)
        except (LockError, OSError) as error:
            name = one if isinstance(one, str) else one.file
            yield f"{name}: {error}."


if __name__ == "__main__":
    faults = list(main(sys.argv[1:]))
    sys.exit("\n".join(faults) or None)
