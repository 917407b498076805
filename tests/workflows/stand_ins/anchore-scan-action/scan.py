"""Say which packages of an SPDX document have an advisory: scan.py SBOM ADVISORIES."""

import json
import sys
from pathlib import Path


def main() -> int:
    sbom, advisories = map(Path, sys.argv[1:])
    packages = {
        (item["name"].lower(), item.get("versionInfo", ""))
        for item in json.loads(sbom.read_text())["packages"]
    }
    known = {tuple(line.split()) for line in advisories.read_text().splitlines()}
    found = packages & known
    sys.stdout.write(f"{len(packages)} packages, vulnerable: {sorted(found)}\n")
    return 1 if found or len(packages) < 2 else 0


sys.exit(main())
