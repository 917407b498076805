#!/usr/bin/env bash
# Everything that is found out about IMAGE: side by side, since most of it waits.
set -euo pipefail
actions=$(cd "$GITHUB_ACTION_PATH/.." && pwd)
tools="$RUNNER_TEMP/image"
logs=$(mktemp -d)
archive="$RUNNER_TEMP/image.tar"
sbom="$RUNNER_TEMP/sbom.spdx.json"

contract() {
  if [ "$LIVE" != true ]; then echo "not asked for"; return; fi
  "$actions/setup-idp/install-idp.sh"
  SERVICE=. GITHUB_ACTION_PATH="$actions/idp-check" "$actions/idp-check/check.sh"
}

materials() {
  docker save --output "$archive" "$IMAGE"
  # Packages alone: with every file of the base image in it, it gets too large for what keeps signed statements.
  SYFT_FILE_METADATA_SELECTION=none SYFT_RELATIONSHIPS_PACKAGE_FILE_OWNERSHIP=false SYFT_PARALLELISM=4 \
    SYFT_CHECK_FOR_APP_UPDATE=false "$tools/bin/syft" scan --quiet --output "spdx-json=$sbom" "docker-archive:$archive"
}

operations() { "$GITHUB_ACTION_PATH/operations.sh"; }

declare -A running
side_by_side() {
  (set -e; TIMEFORMAT="%R s in all"; time "$1") >"$logs/$1" 2>&1 </dev/null &
  running[$1]=$!
}

side_by_side contract
# The contract takes longest, for it waits for the service; whatever else there is to do runs when it does.
renice --priority 10 --pid $BASHPID >/dev/null
"$actions/install.sh" "$tools" "$actions/../tools/image.txt"
side_by_side materials
side_by_side operations
failed=
for name in contract materials operations; do
  wait "${running[$name]}" || failed+=" $name"
  echo "::group::$name"
  cat "$logs/$name"
  echo "::endgroup::"
done
if [ -n "$failed" ]; then
  echo "::error::The image failed:$failed"
  exit 1
fi
echo "archive=$archive" >> "$GITHUB_OUTPUT"
echo "sbom=$sbom" >> "$GITHUB_OUTPUT"
