#!/usr/bin/env bash
# hadolint; what it may leave out stands in the service's .hadolint.yaml.
set -euo pipefail
if [ ! -f Dockerfile ]; then echo "no Dockerfile"; exit 0; fi
exec "$RUNNER_TEMP/scan/bin/hadolint" --failure-threshold warning Dockerfile
