#!/usr/bin/env bash
# Create the service NAME in the checked-out platform. What was done is found again by a second run after a failure: the
# repository counts as new while nothing is in it, and the catalog is pushed last.
# shellcheck disable=SC2153 # NAME, TEMPLATE, DESCRIPTION, OWNER and VISIBILITY are the environment's
set -euo pipefail
organisation=$GITHUB_REPOSITORY_OWNER
folder="$RUNNER_TEMP/services"
address="$GITHUB_SERVER_URL/$organisation/$NAME"
mkdir -p "$folder"
"$RUNNER_TEMP/idp/bin/idp" create service "$NAME" --platform . --template "$TEMPLATE" --output-dir "$folder" \
  --data "description=$DESCRIPTION" --data "owner=$OWNER" --data "platform_repository=$GITHUB_REPOSITORY"

# Its template is found at the platform's address, not in a folder of this runner.
service="$folder/$NAME"
sed -i "s|^_src_path: .*|_src_path: $GITHUB_SERVER_URL/$GITHUB_REPOSITORY|" "$service/.copier-answers.yml"
git -C "$service" commit --quiet --all --amend --no-edit

body=$(jq --null-input --arg name "$NAME" --arg description "$DESCRIPTION" --arg visibility "$VISIBILITY" \
  '{name: $name, description: $description, visibility: $visibility, has_wiki: false, delete_branch_on_merge: true}')
answer="$RUNNER_TEMP/repository.json"
status=$(curl --silent --show-error --output "$answer" --write-out '%{http_code}' --request POST --data "$body" \
  --header "Authorization: Bearer $IDP_GITHUB_TOKEN" --header "Content-Type: application/json" \
  --header "Accept: application/vnd.github+json" --header "X-GitHub-Api-Version: 2022-11-28" \
  "${IDP_GITHUB_API_URL:-$GITHUB_API_URL}/orgs/$organisation/repos")
if [ "$status" != 201 ] && { [ "$status" != 422 ] || [ -n "$(git ls-remote "$address")" ]; }; then
  echo "GitHub did not make $organisation/$NAME ($status): $(jq --raw-output '.message // "no message"' "$answer")" >&2
  exit 1
fi
git -C "$service" push --quiet "$address" HEAD:refs/heads/main

# Another creation may have come first; both wrote files of their own.
for attempt in 1 2 3 4 5; do
  if git push --quiet origin HEAD:main; then break; fi
  if [ "$attempt" = 5 ]; then exit 1; fi
  git fetch --quiet origin main
  git rebase --quiet FETCH_HEAD
done
echo "Created [$organisation/$NAME]($address)" | tee -a "$GITHUB_STEP_SUMMARY"
