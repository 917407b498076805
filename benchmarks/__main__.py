"""`make bench`: every comparison as a ratio of one run, as a table and as JSON; exit code 1 if a target is missed."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks import lost_edits, spring
from benchmarks.command_line import create_against_copier, help_against_copier
from benchmarks.pairs import Ratio, program
from benchmarks.pipeline import can_be_measured, pipeline_overhead
from benchmarks.rollback import rollback_ratio
from benchmarks.service.comparisons import cold_start, cpu_per_request
from benchmarks.update import update_ratios


def ratios(folder: Path) -> Iterator[Ratio]:
    """Measure one after the other; each yields as soon as it is known."""
    platform, service = folder / "platform", folder / "measured"
    _run([program("idp"), "init", platform], folder)
    yield help_against_copier(folder)
    yield create_against_copier(platform, folder)
    _run(
        [program("idp"), "create", "service", service.name, "--platform", platform, "--output-dir", folder],
        folder,
    )
    _run(["make", "install"], service)
    scratch = folder / "scratch"
    scratch.mkdir()
    comparisons: tuple[Callable[[Path, Path], Ratio], ...] = (cpu_per_request, cold_start)
    for compare in comparisons:
        yield compare(service, scratch)
    if shutil.which("mvn"):
        yield from _spring(platform, folder)
    fleet = folder / "fleet-platform"
    _run([program("idp"), "init", fleet], folder)
    yield from update_ratios(fleet, folder / "updates")
    if can_be_measured():  # act, a container engine and a registry
        (folder / "pipeline").mkdir()
        yield pipeline_overhead(folder / "pipeline")
    yield rollback_ratio(folder)


def _spring(platform: Path, folder: Path) -> Iterator[Ratio]:
    service, scratch = folder / "measured-spring", folder / "spring-scratch"
    command: list[str | Path] = [program("idp"), "create", "service", service.name]
    _run([*command, "--template", "spring-boot", "--platform", platform, "--output-dir", folder], folder)
    _run(["make", "install"], service)
    scratch.mkdir()
    yield from spring.ratios(service, scratch)


def _run(argv: list[str | Path], folder: Path) -> None:
    subprocess.run([str(part) for part in argv], cwd=folder, stdout=subprocess.DEVNULL, check=True)


def main() -> int:
    for role in ("AUTHOR", "COMMITTER"):  # a machine whose Git knows nobody can measure, too
        os.environ.setdefault(f"GIT_{role}_NAME", "bench")
        os.environ.setdefault(f"GIT_{role}_EMAIL", "bench@localhost")
    sys.stdout.write(f"{'comparison':44}{'ours':>10}{'peer':>10}{'ratio':>8}{'target':>8}\n")
    found = []
    with tempfile.TemporaryDirectory(prefix="idp-bench-") as folder:
        for ratio in ratios(Path(folder)):
            found.append(ratio)
            mark = "" if ratio.met else "  missed"
            row = f"{ratio.name:44}{_shown(ratio.ours, ratio.unit):>10}{_shown(ratio.peer, ratio.unit):>10}"
            sys.stdout.write(f"{row}{ratio.ratio:8.2f}{ratio.target:8.2f}{mark}\n")
            sys.stdout.flush()
        losses = lost_edits.compare(Path(folder) / "cases")
    sys.stdout.write(f"\nThe same {lost_edits.CASES} random updates of edited services:\n")
    for one in losses:
        sys.stdout.write(
            f"{one.name:16}{one.lost:4} edits lost in {one.cases_with_loss} cases, "
            f"{one.unreported} conflicts with exit code 0\n"
        )
    figures = {"ratios": [ratio.as_json() for ratio in found], "losses": [asdict(one) for one in losses]}
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if all(ratio.met for ratio in found) and losses[0].lost == 0 else 1


def _shown(figure: float, unit: str) -> str:
    if unit != "s":
        return f"{figure:.0f} {unit}"
    return f"{figure * 1e6:.0f} µs" if figure < 0.01 else f"{figure:.2f} s"


if __name__ == "__main__":
    sys.exit(main())
