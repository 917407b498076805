"""The same random template changes and random edits through `idp update` and `copier update`: what each loses."""

import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pairs import program
from tests.services.update_cases import OPERATIONS, Case, Operation, build, lost_edits, snapshot
from tests.support import git, run

CASES = 40


@dataclass
class Losses:
    """What came of all cases with one program.

    Attributes:
        lost: edits that are neither in the result nor reported.
        cases_with_loss: cases with at least one of them.
        unreported: cases with conflicts that ended with exit code 0.
    """

    name: str
    lost: int = 0
    cases_with_loss: int = 0
    unreported: int = 0
    failed: int = 0

    def count(self, lost: list[str], *, conflicts: bool, exit_code: int) -> None:
        self.lost += len(lost)
        self.cases_with_loss += bool(lost)
        self.unreported += conflicts and exit_code == 0


def random_case(chance: random.Random) -> Case:
    def operations(least: int) -> list[Operation]:
        count = chance.randint(least, 6)
        return [
            Operation(chance.choice(OPERATIONS), chance.randrange(21), chance.randrange(21))
            for _ in range(count)
        ]

    return Case(operations(1), operations(0))


def compare(folder: Path, cases: int = CASES, seed: int = 1) -> tuple[Losses, Losses]:
    """Run every case through both programs, each on its own copy of the service."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, no secret
    ours, theirs = Losses("idp update"), Losses("copier update")
    for number in range(cases):
        place = folder / str(number)
        built = build(place, random_case(chance))
        copy = place / "copiers" / "svc"
        shutil.copytree(built.service, copy, symlinks=True)
        base = _tree(built.service, "HEAD~1", place / "base")
        before = snapshot(built.service)
        _idp(built.service, base, before, ours)
        _copier(copy, base, before, theirs)
        shutil.rmtree(place)
    return ours, theirs


def _idp(
    service: Path, base: "dict[str, tuple[str, bytes]]", before: "dict[str, tuple[str, bytes]]", into: Losses
) -> None:
    done = subprocess.run([program("idp"), "update", service], capture_output=True, check=False)
    after = snapshot(service)
    conflicts = done.returncode == 12
    lost = lost_edits(base, before, after, set()) if after != before else []
    into.failed += done.returncode not in {0, 12}
    into.count(lost, conflicts=conflicts, exit_code=done.returncode)


def _copier(
    service: Path, base: "dict[str, tuple[str, bytes]]", before: "dict[str, tuple[str, bytes]]", into: Losses
) -> None:
    done = run(program("copier"), "update", "--defaults", "--quiet", cwd=service)
    into.failed += done.returncode != 0
    if done.returncode != 0:
        return
    unmerged = {line.partition("\t")[2] for line in git("ls-files", "-u", cwd=service).splitlines()}
    rejected = {str(path.relative_to(service)).removesuffix(".rej") for path in service.rglob("*.rej")}
    reported = unmerged | rejected
    into.count(
        lost_edits(base, before, snapshot(service), reported),
        conflicts=bool(reported),
        exit_code=done.returncode,
    )


def _tree(service: Path, revision: str, target: Path) -> "dict[str, tuple[str, bytes]]":
    git("clone", "-q", "--shared", service, target, cwd=service)
    git("checkout", "-q", revision, cwd=target)
    return snapshot(target)
