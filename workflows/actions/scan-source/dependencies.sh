#!/usr/bin/env bash
# Known vulnerabilities among the pinned Python dependencies, from OSV (or a mirror at OSV_URL). What an image holds, a Java
# service's libraries among it, is audited by the image's own bill of materials.
set -euo pipefail
if [ ! -f requirements.txt ]; then echo "no requirements.txt: the image's bill of materials is audited"; exit 0; fi
# --strict: a dependency that could not be looked up is a failure, not a pass.
exec "$RUNNER_TEMP/scan/bin/pip-audit" --strict --require-hashes --disable-pip --progress-spinner off \
  --vulnerability-service osv --osv-url "${OSV_URL:-https://api.osv.dev/v1/query}" --requirement requirements.txt
