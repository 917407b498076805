#!/usr/bin/env bash
# Push the image in the file ARCHIVE to NAME:VERSION.
# shellcheck disable=SC2153 # ARCHIVE, NAME and VERSION are the environment's
set -euo pipefail
repository=$NAME
name=${repository,,} # a registry takes no capital letters, an organisation's name may have some
if [[ ! $name =~ ^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9._-]+)+$ ]]; then
  echo "Not the name of an image repository: $repository" >&2
  exit 1
fi
loaded=$(docker load --quiet --input "$ARCHIVE")
docker tag "${loaded#Loaded image: }" "$name:$VERSION"
docker push --quiet "$name:$VERSION"
digest=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$name:$VERSION" \
  | sed -n "s|^$name@\(sha256:[0-9a-f]\{64\}\)$|\1|p" | head -n 1)
[ -n "$digest" ]
{
  echo "name=$name"
  echo "digest=$digest"
  echo "reference=$name@$digest"
} >> "$GITHUB_OUTPUT"
echo "Pushed \`$name:$VERSION\`, \`$digest\`" >> "$GITHUB_STEP_SUMMARY"
