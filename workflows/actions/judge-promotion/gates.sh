#!/usr/bin/env bash
# `idp gate`, whose table goes to the run's summary and, by the output `table`, to the pull request.
set -euo pipefail
summary=$GITHUB_STEP_SUMMARY
export GITHUB_STEP_SUMMARY="$RUNNER_TEMP/gates.md"
: > "$GITHUB_STEP_SUMMARY"
code=0
"$RUNNER_TEMP/idp/bin/idp" gate || code=$?
cat "$GITHUB_STEP_SUMMARY" >> "$summary"
end=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n') # no line of the table can be this one
{
  echo "table<<$end"
  cat "$GITHUB_STEP_SUMMARY"
  echo "$end"
} >> "$GITHUB_OUTPUT"
exit "$code"
