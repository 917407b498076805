#!/usr/bin/env bash
# bandit on a Python service's own code; its ruff rules S and a Java service's own checks run in `make lint`.
set -euo pipefail
if [ ! -f pyproject.toml ]; then echo "no pyproject.toml: nothing for bandit"; exit 0; fi
git ls-files -z -- '*.py' ':!tests/**' | xargs -0 --no-run-if-empty \
  "$RUNNER_TEMP/scan/bin/bandit" --quiet --severity-level medium --confidence-level medium
