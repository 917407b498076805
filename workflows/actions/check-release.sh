#!/usr/bin/env bash
# Whether the tag TAG may be released from this checkout: check-release.sh TAG
set -euo pipefail
tag=$1
if [[ ! $tag =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
  echo "Not a version: $tag" >&2
  exit 1
fi
if ! git merge-base --is-ancestor HEAD refs/remotes/origin/main; then
  echo "$tag is not on main: what is released has passed main's checks." >&2
  exit 1
fi
if ! grep --quiet --line-regexp --fixed-strings "version = \"${tag#v}\"" pyproject.toml; then
  echo "pyproject.toml names another version than $tag." >&2
  exit 1
fi
if ! grep --quiet --extended-regexp "^## (\[?${tag//./\\.}\]?|\[?${tag:1}\]?)( |$)" CHANGELOG.md; then
  echo "CHANGELOG.md has no section for $tag." >&2
  exit 1
fi
