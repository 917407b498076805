"""Every lock installs exactly what it names: with old and new installers, whatever has been released since."""

import json
import re
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.pythons import SUPPORTED, interpreter
from tests.support import ROOT, git, run
from tests.tools import program
from workflows.tools.lock import LOCKS, LockError, Pin, check, parse, unpinned_forms, with_forms

OLDEST_PIP = "23.0.1"  # Debian 12 brings it with Python 3.11; it does not run on later Pythons
INSTALLERS = ("oldest pip", "newest pip", "uv")
BY_FILE = {lock.file: lock for lock in LOCKS}
SERVICE_LOCK = "copier-templates/fastapi/project/requirements-dev.txt"
WITHOUT_EXTRAS = "coverage[toml]"


@dataclass(frozen=True)
class Index:
    """A folder of wheels with the locked releases and a newer one of each, and the lock with these wheels' hashes."""

    folder: Path
    lock: Path
    pins: list[Pin]


def uv() -> str:
    return program("uv")


@pytest.fixture(scope="session")
def pips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Name of an installer → a folder that `PYTHONPATH` takes it from."""
    folder = tmp_path_factory.mktemp("pips")
    for name, wanted in (("oldest pip", f"pip=={OLDEST_PIP}"), ("newest pip", "pip")):
        install(uv(), "pip", "install", "--quiet", "--no-deps", f"--target={folder / name}", wanted)
    return {name: folder / name for name in ("oldest pip", "newest pip")}


def install(*argv: str | Path) -> None:
    done = run(*argv, f"--python={sys.executable}", cwd=ROOT)
    assert done.returncode == 0, done.stderr


def future_index(text: str, folder: Path) -> Index:
    """The day after: everything that a lock names has a newer release. The wheels hold metadata and nothing else."""
    (folder / "lock.txt").write_text(text)
    real = folder / "real"
    install(
        uv(),
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        f"--target={real}",
        "--requirement",
        folder / "lock.txt",
    )
    metadata: dict[str, Distribution] = {
        canonicalize_name(one.metadata["Name"]): one for one in distributions(path=[str(real)])
    }
    wheels = folder / "wheels"
    wheels.mkdir()
    pins, hashes = parse(text), dict[tuple[str, str], str]()
    for pin in pins:
        known = metadata.get(pin.name)
        lines = [f"Requires-Dist: {one}" for one in known.requires or ()] if known else []
        lines += (
            [f"Provides-Extra: {one}" for one in known.metadata.get_all("Provides-Extra", [])]
            if known
            else []
        )
        hashes[pin.name, pin.version] = wheel(wheels, pin.name, pin.version, lines)
        wheel(wheels, pin.name, "9999.0", lines)
    faked = [f"{pin.requirement} --hash=sha256:{hashes[pin.name, pin.version]}" for pin in pins]
    lock = folder / "fake.txt"
    lock.write_text("\n".join(faked) + "\n")
    return Index(wheels, lock, pins)


def wheel(folder: Path, name: str, version: str, lines: list[str]) -> str:
    """An empty package with these lines of metadata; its hash."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    files = {
        "METADATA": "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, ""]),
        "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": f"{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
    }
    path = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(f"{info}/{file}", content)
    return sha256(path.read_bytes()).hexdigest()


def named(pins: list[Pin], python: Path) -> dict[str, str]:
    """What a lock names for this platform and a Python."""
    full = run(python, "-c", "import platform; print(platform.python_version())", cwd=ROOT).stdout.strip()
    environment = {"python_version": full.rpartition(".")[0], "python_full_version": full}
    return {
        pin.name: pin.version
        for pin in pins
        if pin.requirement.marker is None or pin.requirement.marker.evaluate(environment)
    }


def installed(
    index: Index, installer: str, python: Path, pips: Mapping[str, Path], folder: Path
) -> dict[str, str] | str:
    """Name → version of what an installer takes, or why it does not."""
    source = ("--no-index", f"--find-links={index.folder}", "--require-hashes", f"--requirement={index.lock}")
    if installer == "uv":
        done = run(
            uv(), "pip", "install", "--quiet", f"--python={python}", f"--target={folder}", *source, cwd=folder
        )
        found = distributions(path=[str(folder)])
        return done.stderr or {canonicalize_name(one.metadata["Name"]): one.version for one in found}
    report = folder / "report.json"
    options = ("install", "--dry-run", "--ignore-installed", "--quiet", f"--report={report}", *source)
    env = {"PYTHONPATH": str(pips[installer])} if installer in pips else {}
    done = run(python, "-m", "pip", *options, cwd=folder, env={**env, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    if done.returncode != 0:
        return done.stderr
    entries = [entry["metadata"] for entry in json.loads(report.read_text())["install"]]
    return {canonicalize_name(entry["name"]): entry["version"] for entry in entries}


@pytest.fixture(scope="session")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Index]:
    """Lock → its index; made as they are asked for."""

    class Made(dict[str, Index]):
        def __missing__(self, file: str) -> Index:
            self[file] = future_index((ROOT / file).read_text(), tmp_path_factory.mktemp("index"))
            return self[file]

    return Made()


@pytest.fixture
def needed_python(python: str) -> Path:
    """The interpreter of a version; a skip where this machine has none."""
    found = interpreter(python)
    if found is None:
        pytest.skip(f"needs python{python}")
    return found


@pytest.mark.slow
@pytest.mark.needs("uv")
@pytest.mark.parametrize("installer", INSTALLERS)
@pytest.mark.parametrize("python", SUPPORTED)
@pytest.mark.parametrize("file", BY_FILE)
def test_a_lock_installs_what_it_names_even_after_newer_releases_of_everything(
    file: str,
    python: str,
    installer: str,
    indexes: Mapping[str, Index],
    pips: Mapping[str, Path],
    tmp_path: Path,
    needed_python: Path,
) -> None:
    if installer == "oldest pip" and python != SUPPORTED[0]:
        installer = "the pip that Python brings"
    index = indexes[file]
    assert installed(index, installer, needed_python, pips, tmp_path) == named(index.pins, needed_python)


@pytest.mark.slow
@pytest.mark.needs("uv")
def test_an_old_pip_takes_the_newest_release_where_a_lock_lacks_the_extra(
    pips: Mapping[str, Path], tmp_path: Path
) -> None:
    text = (ROOT / SERVICE_LOCK).read_text()
    assert f"\n{WITHOUT_EXTRAS}==" in text
    index = future_index(text.replace(f"\n{WITHOUT_EXTRAS}==", "\ncoverage=="), tmp_path)
    python = interpreter(SUPPORTED[0]) or Path(sys.executable)
    (tmp_path / "old").mkdir()
    refused = installed(index, "oldest pip", python, pips, tmp_path / "old")
    assert isinstance(refused, str)
    assert "all requirements must have their versions pinned" in refused
    assert WITHOUT_EXTRAS in refused


@pytest.mark.slow
@pytest.mark.needs("uv")
def test_a_lock_without_the_extra_is_refused_and_left_alone(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text((ROOT / SERVICE_LOCK).read_text().replace(f"\n{WITHOUT_EXTRAS}==", "\ncoverage=="))
    with pytest.raises(LockError, match=re.escape(f"{WITHOUT_EXTRAS} (required by pytest-cov)")):
        check(lock, uv())
    done = run(sys.executable, ROOT / "workflows/tools/lock.py", lock, cwd=tmp_path)
    assert done.returncode == 1
    assert WITHOUT_EXTRAS in done.stderr


@pytest.mark.slow
@pytest.mark.needs("uv")
def test_make_lock_changes_nothing_where_nothing_has_to_change(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--no-local", ROOT, clone, cwd=tmp_path)
    files = [lock.file for lock in LOCKS]
    for file in (*files, "pyproject.toml", "workflows/tools/lock.py", *{lock.source for lock in LOCKS}):
        (clone / file).write_bytes((ROOT / file).read_bytes())
    done = run(sys.executable, "workflows/tools/lock.py", cwd=clone)
    assert done.returncode == 0, done.stderr
    assert [file for file in files if (clone / file).read_text() != (ROOT / file).read_text()] == []


def test_each_form_that_is_asked_for_needs_a_line_of_its_own() -> None:
    digest = f"--hash=sha256:{'0' * 64}"
    pins = parse(f"a==1 {digest}\nb==1 {digest}\nx[one,two]==1 \\\n    {digest}\n")
    requires = {
        "a": ["x[one]>=1"],
        "b": ['x[two]; python_version < "3.0"', 'x[two]; extra == "more"', "X[two,one]"],
    }
    assert unpinned_forms(pins, requires) == {"x[one]": "a"}
    assert unpinned_forms(pins, {"b": ["x"], "a": ["unknown[one]"]}) == {"x": "b"}


@pytest.mark.slow
@pytest.mark.needs("uv")
@pytest.mark.parametrize("installer", INSTALLERS)
def test_forms_that_uv_writes_as_one_are_told_apart_for_an_old_pip(
    installer: str, pips: Mapping[str, Path], tmp_path: Path
) -> None:
    asked = {"a": ["x"], "b": ["x[one]"], "c": ["x[two]"]}
    wheels, target = tmp_path / "wheels", tmp_path / "target"
    wheels.mkdir()
    target.mkdir()
    hashes = {}
    for version in ("9999.0", "1.0"):
        for name in "abc":
            lines = [f"Requires-Dist: {one}" for one in asked[name]]
            hashes[name] = wheel(wheels, name, version, lines)
        hashes["x"] = wheel(wheels, "x", version, ["Provides-Extra: one", "Provides-Extra: two"])
    entries = (f"{name}==1.0 \\\n    --hash=sha256:{digest}\n" for name, digest in hashes.items())
    as_uv_writes_it = "".join(entries).replace("\nx==", "\nx[one,two]==")
    lock, pins = tmp_path / "lock.txt", parse(as_uv_writes_it)
    index, python = Index(wheels, lock, pins), interpreter(SUPPORTED[0]) or Path(sys.executable)
    lock.write_text(with_forms(as_uv_writes_it, unpinned_forms(pins, asked)))
    assert unpinned_forms(parse(lock.read_text()), asked) == {}
    assert installed(index, installer, python, pips, target) == dict.fromkeys("abcx", "1.0")
    if installer == "oldest pip":
        lock.write_text(as_uv_writes_it)
        refused = installed(index, installer, python, pips, target)
        assert "must have their versions pinned" in str(refused)


@pytest.mark.parametrize(
    "line", ["x", "x>=1", "x==1", "x==1.* --hash=sha256:00", "-e .", "x @ file:///x --hash=sha256:0"]
)
def test_a_line_that_is_no_exact_pin_with_a_hash_is_refused(line: str) -> None:
    with pytest.raises(LockError):
        parse(line)


@pytest.mark.parametrize("file", BY_FILE)
def test_no_lock_names_an_index(file: str) -> None:
    text = (ROOT / file).read_text()
    assert not re.search(r"https?://|--index-url|--find-links", text)
    assert BY_FILE[file].header is ("uv pip compile" in text)


def test_every_lock_of_the_repository_is_known() -> None:
    listed = git("ls-files", "*requirements*.txt", "workflows/tools/*.txt", cwd=ROOT).splitlines()
    assert sorted(listed) == sorted(BY_FILE)


def test_the_package_is_built_with_what_the_release_is_built_with() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pins = parse((ROOT / "workflows/tools/build.txt").read_text())
    frontend = {"build", "pyproject-hooks", "colorama"}
    assert project["build-system"]["requires"] == [
        f"{pin.name}=={pin.version}" for pin in pins if pin.name not in frontend
    ]
