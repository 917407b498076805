#!/usr/bin/env bash
# `idp release` of what the variables say.
# shellcheck disable=SC2153 # they are the environment's
set -euo pipefail
run="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"
arguments=(--version "$VERSION" --image "$IMAGE" --revision "$REVISION" --platform "$PLATFORM")
for check in $CHECKS; do arguments+=(--check "$check=passed,$run"); done
if [ -n "$PROVENANCE" ]; then arguments+=(--provenance "$PROVENANCE"); fi
if [ -n "$SBOM_DIGEST" ]; then arguments+=(--sbom-digest "$SBOM_DIGEST"); fi
"$RUNNER_TEMP/idp/bin/idp" release "${arguments[@]}" -- "$SERVICE" | tee -a "$GITHUB_STEP_SUMMARY"
