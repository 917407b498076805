#!/usr/bin/env bash
# Make a Python environment of what a lock file names, every file held against its hash: install.sh FOLDER LOCK
set -euo pipefail
folder=$1 lock=$2
uv=$(command -v uv || true)
if [ -z "$uv" ]; then # it takes three seconds to get, and then a tenth of the time that pip takes
  uv="$RUNNER_TEMP/uv/bin/uv"
  if [ ! -x "$uv" ]; then
    fresh=$(mktemp -d "$RUNNER_TEMP/uv-XXXXXX")
    python3 -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps --require-hashes \
      --requirement "$(dirname "${BASH_SOURCE[0]}")/../tools/uv.txt" --target "$fresh"
    mv --no-target-directory "$fresh" "$RUNNER_TEMP/uv" 2>/dev/null || [ -x "$uv" ] # somebody else was quicker
  fi
fi
"$uv" venv --quiet --python "$(command -v python3)" "$folder"
install=("$uv" pip install --quiet --python "$folder/bin/python" --require-hashes --requirement "$lock")
# The hashes say what it has to be, so that nobody needs to be asked about what lies in the cache of a runner that keeps one.
"${install[@]}" --offline 2>/dev/null || "${install[@]}"
