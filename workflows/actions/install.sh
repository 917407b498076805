#!/usr/bin/env bash
# Make a Python environment of what a lock file names, every file held against its hash: install.sh FOLDER LOCK [ARGUMENT…]
# The arguments after it are installed, too, without their dependencies, which the lock file has. uv, if present, is quicker.
set -euo pipefail
folder=$1 lock=$2
shift 2
if command -v uv >/dev/null; then
  uv venv --quiet --python "$(command -v python3)" "$folder"
  install=(uv pip install --quiet --python "$folder/bin/python")
else
  python3 -m venv "$folder"
  install=("$folder/bin/python" -m pip install --quiet --disable-pip-version-check)
fi
"${install[@]}" --require-hashes --requirement "$lock"
if [ $# -gt 0 ]; then "${install[@]}" --no-deps "$@"; fi
