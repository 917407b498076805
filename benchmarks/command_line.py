"""`idp` against Copier's own command line."""

from pathlib import Path

from benchmarks.pairs import Ratio, paired, program, wall_seconds


def help_against_copier(folder: Path) -> Ratio:
    """`idp --help` against `copier --version`."""
    return paired(
        "idp --help / copier --version",
        lambda _: wall_seconds([program("idp"), "--help"], folder),
        lambda _: wall_seconds([program("copier"), "--version"], folder),
        target=0.35,
        pairs=15,
    )


def create_against_copier(platform: Path, folder: Path) -> Ratio:
    """`idp create service` (repository, first commit) against `copier copy` of the same template version."""
    (folder / "ours").mkdir()
    (folder / "theirs").mkdir()

    def ours(number: int) -> float:
        command: list[str | Path] = [
            program("idp"),
            "create",
            "service",
            f"service-{number}",
            "--platform",
            str(platform),
        ]
        return wall_seconds([*command, "--output-dir", "ours"], folder)

    def theirs(number: int) -> float:
        command: list[str | Path] = [program("copier"), "copy", "--defaults", "--quiet", str(platform)]
        return wall_seconds([*command, f"theirs/service-{number}"], folder)

    return paired("idp create / copier copy", ours, theirs, target=1.1, pairs=11)
