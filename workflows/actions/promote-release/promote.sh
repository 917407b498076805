#!/usr/bin/env bash
# `idp promote` of what the variables say, each by a pull request. A gate that still waits is no failure here: it is the
# pull request's to show.
set -euo pipefail
arguments=(--platform . --pr "--to=$ENVIRONMENT")
if [ -z "$SERVICE" ]; then
  arguments+=(--all)
else
  if [ -n "$RELEASE" ]; then arguments+=("--release=$RELEASE"); fi
  arguments+=(-- "$SERVICE")
fi
"$RUNNER_TEMP/idp/bin/idp" promote "${arguments[@]}" | tee -a "$GITHUB_STEP_SUMMARY"
