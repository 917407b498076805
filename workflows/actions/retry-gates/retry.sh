#!/usr/bin/env bash
# Run promotion-gate again for the newest commit of each open promotion whose last run failed.
set -euo pipefail
# shellcheck source=workflows/actions/github.sh
. "$GITHUB_ACTION_PATH/../github.sh"
heads=$(ask GET "/repos/$GITHUB_REPOSITORY/pulls?state=open&per_page=100" |
  jq --raw-output '.[] | select(.head.ref | startswith("idp/promote/")) | .head.sha')
for head in $heads; do
  # Newest first; one that still runs is left alone.
  run=$(ask GET "/repos/$GITHUB_REPOSITORY/actions/workflows/promotion-gate.yml/runs?head_sha=$head&per_page=1" |
    jq --raw-output '.workflow_runs[0] | select(.conclusion == "failure") | .id')
  if [ -z "$run" ]; then continue; fi
  echo "$head: run $run once more"
  ask POST "/repos/$GITHUB_REPOSITORY/actions/runs/$run/rerun" >/dev/null
done
