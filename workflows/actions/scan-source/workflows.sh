#!/usr/bin/env bash
# actionlint and zizmor on the service's own workflows.
set -euo pipefail
PATH="$RUNNER_TEMP/scan/bin:$PATH"
shopt -s nullglob
files=(.github/workflows/*.yml .github/workflows/*.yaml)
if [ ${#files[@]} -eq 0 ]; then echo "no workflows"; exit 0; fi
actionlint "${files[@]}"
zizmor --offline --quiet --format plain .github
