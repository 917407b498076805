"""`idp update --fleet` and `idp status` against `copier update`, and how they grow with the fleet."""

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.pairs import Ratio, program

SERVICES = 20
MANY = 1000
FEW = 10
ENVIRONMENTS = ("dev", "staging", "prod")
_CHANGED = ("Makefile.jinja", "Dockerfile.jinja", "app/health.py", "app/logs.py", "docs/runbook.md.jinja")


@dataclass(frozen=True)
class Cost:
    """What a command took, its children included, in seconds."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Stage:
    """A platform with services, and a cache of its own."""

    platform: Path
    folder: Path

    def cost(self, argv: list[str | Path], cwd: Path, expected: int = 0) -> Cost:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [str(part) for part in argv],
            cwd=cwd,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != expected:
            raise RuntimeError(done.stdout + done.stderr)
        return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall)

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        identity = {
            f"GIT_{who}_{what}": "bench" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        return {**inherited, **identity, "XDG_CACHE_HOME": str(self.folder / "cache")}

    def forget(self) -> None:
        shutil.rmtree(self.folder / "cache", ignore_errors=True)

    def git(self, *argv: str | Path, cwd: Path) -> None:
        self.cost(["git", *argv], cwd)

    def fleet(self, *options: str | Path) -> Cost:
        command: list[str | Path] = [
            program("idp"),
            "update",
            "--fleet",
            "--dry-run",
            "--platform",
            self.platform,
        ]
        return self.cost([*command, *options], self.folder)

    def status(self) -> Cost:
        return self.cost([program("idp"), "status", "--platform", self.platform], self.folder)


def update_ratios(platform: Path, folder: Path) -> Iterator[Ratio]:
    """Every figure about updates.

    Args:
        platform: a platform repository with one version; services are added to its catalog, and versions to it.
        folder: an empty one.
    """
    stage = Stage(platform, folder)
    first = _services(stage)
    _release(stage, "v90.1.0", touching=False)
    peer_no_op = stage.cost(_copier(first), first)
    _release(stage, "v90.2.0", touching=True)
    peers = [stage.cost(_copier(clone), clone) for clone in _clones(stage)]
    cpu, wall = sum(peer.cpu for peer in peers), sum(peer.wall for peer in peers)
    stage.fleet()  # both have read their bytecode
    stage.forget()
    cold, warm = stage.fleet(), stage.fleet()
    yield Ratio(f"fleet of {SERVICES} CPU / copier update", cold.cpu, cpu, cold.cpu / cpu, 0.25)
    yield Ratio(f"fleet of {SERVICES} wall / copier update", cold.wall, wall, cold.wall / wall, 0.2)
    yield Ratio(f"fleet of {SERVICES} wall, again / copier update", warm.wall, wall, warm.wall / wall, 0.05)
    yield from _growth(stage, first, peer_no_op)


def _growth(stage: Stage, service: Path, peer: Cost) -> Iterator[Ratio]:
    """No-ops and the table, for a few services and for many."""
    small = _no_ops(stage, service, FEW)
    large = _no_ops(stage, service, MANY)
    each = large["cold"].cpu / MANY
    yield Ratio(f"a no-op of {MANY} CPU / copier update", each, peer.cpu, each / peer.cpu, 0.01)
    marginal = (large["warm"].wall - small["warm"].wall) / (MANY - FEW)
    yield Ratio("one more no-op wall / copier update", marginal, peer.wall, marginal / peer.wall, 0.01)
    cold, warm = large["first status"].wall, large["status"].wall
    yield Ratio(f"idp status of {MANY} x {len(ENVIRONMENTS)}, first / 1 s", cold, 1, cold, 2)
    yield Ratio(f"idp status of {MANY} x {len(ENVIRONMENTS)} / 1 s", warm, 1, warm, 1)
    growth = warm / small["status"].wall
    yield Ratio(f"idp status of {MANY} / of {FEW}", warm, small["status"].wall, growth, MANY / FEW / 10)


def _no_ops(stage: Stage, service: Path, count: int) -> dict[str, Cost]:
    """A catalog of copies of one service, none of which the version `v90.1.0` concerns."""
    _catalog(stage, {f"copy-{number}": _copy(stage, service, number) for number in range(count)})
    stage.forget()
    costs = {"cold": stage.fleet("--to", "v90.1.0"), "warm": stage.fleet("--to", "v90.1.0")}
    stage.forget()
    return {**costs, "first status": stage.status(), "status": stage.status()}


def _services(stage: Stage) -> Path:
    """Services with edits of their own, made by `idp create` and in the catalog; the first of them."""
    home = stage.folder / "services"
    home.mkdir(parents=True)
    create: list[str | Path] = [program("idp"), "create", "service"]
    for number in range(SERVICES):
        stage.cost(
            [*create, f"service-{number}", "--platform", stage.platform, "--output-dir", home], stage.folder
        )
        service = home / f"service-{number}"
        (service / "README.md").write_text((service / "README.md").read_text() + "\nOurs.\n")
        (service / "app/own.py").write_text(f'"""Ours."""\n\nNUMBER = {number}\n')
        stage.git("add", "--all", cwd=service)
        stage.git("commit", "--quiet", "-m", "edits", cwd=service)
    return home / "service-0"


def _release(stage: Stage, tag: str, *, touching: bool) -> None:
    project = stage.platform / "copier-templates/fastapi/project"
    for path in (
        [project / name for name in _CHANGED] if touching else [stage.platform / "environments/README.md"]
    ):
        path.write_text(path.read_text() + f"\n# {tag}\n")
    stage.git("add", "--all", cwd=stage.platform)
    stage.git("commit", "--quiet", "-m", tag, cwd=stage.platform)
    stage.git("tag", tag, cwd=stage.platform)


def _clones(stage: Stage) -> Iterator[Path]:
    (stage.folder / "clones").mkdir()
    for number in range(SERVICES):
        clone = stage.folder / f"clones/service-{number}"
        stage.git("clone", "--quiet", stage.folder / f"services/service-{number}", clone, cwd=stage.folder)
        yield clone


def _copier(service: Path) -> list[str | Path]:
    return [program("copier"), "update", "--defaults", "--quiet", service]


def _copy(stage: Stage, service: Path, number: int) -> Path:
    copy = stage.folder / f"copies/copy-{number}.git"
    if not copy.exists():
        stage.git("clone", "--quiet", "--bare", service, copy, cwd=stage.folder)
    return copy


def _catalog(stage: Stage, services: dict[str, Path]) -> None:
    root = stage.platform / "environments"
    for folder in ("catalog", *ENVIRONMENTS):
        shutil.rmtree(root / folder, ignore_errors=True)
    pin = (
        f"RELEASE_IMAGE=example.org/x@sha256:{'0' * 64}\nRELEASE_VERSION=1.2.3\nRELEASE_REVISION={'0' * 40}\n"
    )
    (root / "catalog").mkdir()
    for name, repository in services.items():
        entry = {
            "name": name,
            "repository": str(repository),
            "template": "fastapi",
            "owner": "@example-org/team",
        }
        (root / f"catalog/{name}.yaml").write_text(yaml.safe_dump({"schema_version": 1, **entry}))
        for environment in ENVIRONMENTS:
            (root / environment / name).mkdir(parents=True)
            (root / environment / name / "release.env").write_text(pin)
