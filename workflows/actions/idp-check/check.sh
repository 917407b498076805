#!/usr/bin/env bash
# `idp check`, where an image is named of that image as production would run it: SERVICE, LIVE, IMAGE.
set -euo pipefail
arguments=()
if [ "$LIVE" = true ]; then arguments+=(--live); fi
if [ -n "$IMAGE" ]; then
  cp "$GITHUB_ACTION_PATH/image.mk" "$SERVICE/GNUmakefile"
  trap 'rm -f "$SERVICE/GNUmakefile"' EXIT
fi
"$RUNNER_TEMP/idp/bin/idp" check "$SERVICE" "${arguments[@]}"
