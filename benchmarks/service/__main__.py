"""`python -m benchmarks.service FOLDER`: both comparisons for one service, as a table and as JSON."""

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.service.comparisons import cold_start, cpu_per_request


def main(folder: Path) -> int:
    """Print the ratios; exit code 1 if a target is missed."""
    with tempfile.TemporaryDirectory() as scratch:
        ratios = [compare(folder, Path(scratch)) for compare in (cpu_per_request, cold_start)]
    for ratio in ratios:
        figures = (
            f"{ratio.ours * 1e6:12.0f} µs {ratio.peer * 1e6:12.0f} µs {ratio.ratio:6.2f} (≤ {ratio.target})"
        )
        sys.stdout.write(f"{ratio.name:42}{figures}\n")
    sys.stdout.write(json.dumps([ratio.as_json() for ratio in ratios]) + "\n")
    return 0 if all(ratio.met for ratio in ratios) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
