#!/usr/bin/env bash
# Install `idp` from the checkout that this script lies in, as RUNNER_TEMP/idp/bin/idp, once a job.
set -euo pipefail
actions=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
platform=$(cd "$actions/../.." && pwd)
if [ -x "$RUNNER_TEMP/idp/bin/idp" ]; then exit; fi
"$actions/install.sh" "$RUNNER_TEMP/idp" "$platform/requirements.txt" "$platform"
