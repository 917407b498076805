#!/usr/bin/env bash
# Create the service NAME from the platform's templates. What was done is found again by a second run after a failure: the
# repository counts as new while nothing is in it, and the catalog's entry comes last.
# shellcheck disable=SC2153 # NAME, TEMPLATE, DESCRIPTION, OWNER and VISIBILITY are the environment's
set -euo pipefail
# shellcheck source=workflows/actions/github.sh
. "$GITHUB_ACTION_PATH/../github.sh"
organisation=$GITHUB_REPOSITORY_OWNER
folder="$RUNNER_TEMP/services"
platform="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"
address="$GITHUB_SERVER_URL/$organisation/$NAME"
service="$folder/$NAME"
idp="$RUNNER_TEMP/idp/bin/idp"
mkdir -p "$folder"
# Named by its address, the platform is read at its default branch, wherever the form was started from.
"$idp" create service "$NAME" --defaults --platform "$platform" --template "$TEMPLATE" --output-dir "$folder" \
  --data "description=$DESCRIPTION" --data "owner=$OWNER" --data "platform_repository=$GITHUB_REPOSITORY"

body=$(jq --null-input --arg name "$NAME" --arg description "$DESCRIPTION" --arg visibility "$VISIBILITY" \
  '{name: $name, description: $description, visibility: $visibility, has_wiki: false, delete_branch_on_merge: true}')
TOKEN=$IDP_GITHUB_TOKEN
if ! answer=$(ask POST "/orgs/$organisation/repos" "$body"); then
  if ! present=$(git ls-remote "$address") || [ -n "$present" ]; then
    echo "GitHub did not make $organisation/$NAME: $(jq --raw-output '.message // "no message"' <<<"$answer")" >&2
    exit 1
  fi
fi
git -C "$service" remote add origin "$address.git"
git -C "$service" push --quiet origin HEAD:refs/heads/main

"$idp" register "$service" --platform "$platform"
echo "Created [$organisation/$NAME]($address)" | tee -a "$GITHUB_STEP_SUMMARY"
