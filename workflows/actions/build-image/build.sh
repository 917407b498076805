#!/usr/bin/env bash
# `make image` of the checked-out commit as VERSION, with the layers in RUNNER_TEMP/layers where the builder can keep them.
set -euo pipefail
read -r -a flags <<<"${IMAGE_BUILD_FLAGS:-}" # a runner behind a proxy may need some
layers="$RUNNER_TEMP/layers"
if [ -n "$BUILDX_BUILDER" ] && docker buildx version >/dev/null 2>&1; then
  flags+=(--load --cache-to "type=local,mode=max,dest=$layers.new")
  if [ -d "$layers" ]; then flags+=(--cache-from "type=local,src=$layers"); fi
fi
# The commit's own time: building it again says the same.
make image VERSION="$VERSION" IMAGE="service-ci:$VERSION" REVISION="$(git rev-parse HEAD)" SOURCE="$SERVER/$REPOSITORY" \
  CREATED="$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)" BUILD_FLAGS="${flags[*]}"
if [ -d "$layers.new" ]; then # what this build did not use goes, or the cache would only grow
  rm -rf "$layers"
  mv "$layers.new" "$layers"
fi
