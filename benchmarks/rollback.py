"""`idp rollback` over a long history: many commits, many services, good marks on most of them."""

import random
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.pairs import Ratio, program, wall_seconds
from idp.environments.pin import Pin, pin_path, pin_text
from idp.releases.good_mark import good_message, good_tag

COMMITS, SERVICES = 10_000, 200
TARGET_SECONDS = 0.5
_RUNS = 9
_WHO = "bench <bench@localhost>"
_START = 1_700_000_000
_CHAIN = b"environments: [{name: dev}, {name: prod}]\n"


@dataclass(frozen=True)
class LongHistory:
    """A platform whose services' pins in prod have moved many times.

    Attributes:
        last_known_good: service → the version that a rollback has to go to; None where there is none.
        present: service → the version that is pinned.
    """

    platform: Path
    last_known_good: dict[str, str | None]
    present: dict[str, str]


def build(platform: Path, commits: int, services: int, seed: int = 1) -> LongHistory:
    """Make the history by one `git fast-import`, and know the right answers from the same numbers.

    Args:
        platform: a bare repository that does not exist yet.
        commits: how often a pin moves, all services together.
        services: how many there are.
        seed: of the choice which service moves and which release is good.
    """
    chance = random.Random(seed)  # noqa: S311 - it has to repeat
    names = [f"service-{number:03}" for number in range(services)]
    versions: dict[str, list[tuple[str, bool]]] = {name: [] for name in names}
    stream = [*_first_commit(names)]
    for number in range(commits):
        name = names[number] if number < services else chance.choice(names)
        good = chance.random() < 0.8
        version = f"1.{len(versions[name])}.0"
        versions[name].append((version, good))
        stream += _move(number + 2, name, _pin(name, version), good=good)
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(platform)], check=True)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=platform, input=b"".join(stream), check=True)
    subprocess.run(["git", "pack-refs", "--all"], cwd=platform, check=True)
    return LongHistory(
        platform,
        {name: _last_good(moves) for name, moves in versions.items()},
        {name: moves[-1][0] for name, moves in versions.items()},
    )


def _last_good(moves: Sequence[tuple[str, bool]]) -> str | None:
    return next((version for version, good in reversed(moves[:-1]) if good), None)


def _pin(name: str, version: str) -> Pin:
    digest = f"{name}{version}".encode().hex().ljust(64, "0")[-64:]
    return Pin(f"registry.example.org/{name}@sha256:{digest}", version, "1" * 40)


def _first_commit(names: Sequence[str]) -> Iterator[bytes]:
    files = {
        "copier.yml": b"\n",
        "copier-templates/README.md": b"\n",
        "environments/environments.yaml": _CHAIN,
    }
    for name in names:
        entry = f"name: {name}\nrepository: /nowhere/{name}\ntemplate: fastapi\n".encode()
        files[f"environments/catalog/{name}.yaml"] = entry
        for environment in ("dev", "prod"):
            files[f"environments/{environment}/{name}/kustomization.yaml"] = b"resources: []\n"
    yield from _commit(1, "feat: platform", files)


def _move(mark: int, name: str, pin: Pin, *, good: bool) -> Iterator[bytes]:
    yield from _commit(
        mark, f"chore(prod): {name} {pin.version}", {str(pin_path("prod", name)): pin_text(pin)}
    )
    if good:
        message = good_message("prod", name, pin).encode()
        yield f"tag {good_tag('prod', name, pin.version)}\nfrom :{mark}\ntagger {_when(mark)}\n".encode()
        yield _data(message)


def _commit(mark: int, message: str, files: dict[str, bytes]) -> Iterator[bytes]:
    yield f"commit refs/heads/main\nmark :{mark}\ncommitter {_when(mark)}\n".encode()
    yield _data(message.encode())
    for path, content in files.items():
        yield f"M 100644 inline {path}\n".encode() + _data(content)


def _when(mark: int) -> str:
    return f"{_WHO} {_START + 60 * mark} +0000"


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"


def rollback_ratio(folder: Path) -> Ratio:
    """How long `idp rollback` takes from start to end, commit and hold included, against half a second."""
    made = build(folder / "long-history.git", COMMITS, SERVICES)
    chosen = [name for name, version in made.last_known_good.items() if version][: _RUNS + 1]
    seconds = [_seconds(made, name, folder) for name in chosen][1:]
    ours = statistics.median(seconds)
    return Ratio("rollback, 10,000 commits, 200 services", ours, TARGET_SECONDS, ours / TARGET_SECONDS, 1.0)


def _seconds(made: LongHistory, name: str, folder: Path) -> float:
    argv = (program("idp"), "rollback", name, "--env", "prod", "--platform", made.platform)
    return wall_seconds(argv, folder)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory(prefix="idp-bench-") as folder:
        began = datetime.now(UTC)
        ratio = rollback_ratio(Path(folder))
        sys.stdout.write(f"{ratio.name}: {ratio.ours:.3f} s ({datetime.now(UTC) - began} in all)\n")
