#!/usr/bin/env bash
# Print the version of the checked-out commit: the tag vX.Y.Z on it, else the next patch with its distance from the greatest
# tag in its history. The same commit always has the same version, and a later one of the branch a greater one.
set -euo pipefail
if [ "$(git rev-parse --is-shallow-repository)" = true ]; then
  echo "The clone is shallow: the version comes from the history (fetch-depth: 0)." >&2
  exit 1
fi
number='(0|[1-9][0-9]{0,8})'
# A tag of any other form is no version, whatever it holds.
tag=$(git tag --merged HEAD --list 'v*' --sort=-version:refname | grep --extended-regexp --max-count=1 "^v$number\.$number\.$number$" || true)
if [ -z "$tag" ]; then
  tag=v0.0.0 distance=$(git rev-list --first-parent --count HEAD)
else
  distance=$(git rev-list --first-parent --count "refs/tags/$tag..HEAD")
fi
IFS=. read -r major minor patch <<<"${tag#v}"
if [ "$distance" = 0 ]; then
  echo "$major.$minor.$patch"
else
  commit=$(git rev-parse HEAD)
  echo "$major.$minor.$((patch + 1))-dev.$distance.g${commit:0:12}"
fi
