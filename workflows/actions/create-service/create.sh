#!/usr/bin/env bash
# Create the service NAME in the checked-out platform. What was done is found again by a second run after a failure: the
# repository counts as new while nothing is in it, and the catalog is pushed last.
# shellcheck disable=SC2153 # NAME, TEMPLATE, DESCRIPTION, OWNER and VISIBILITY are the environment's
set -euo pipefail
# shellcheck source=workflows/actions/github.sh
. "$GITHUB_ACTION_PATH/../github.sh"
organisation=$GITHUB_REPOSITORY_OWNER
folder="$RUNNER_TEMP/services"
address="$GITHUB_SERVER_URL/$organisation/$NAME"
mkdir -p "$folder"
git switch --quiet --force-create main refs/remotes/origin/main # wherever the form was started from
"$RUNNER_TEMP/idp/bin/idp" create service "$NAME" --defaults --platform . --template "$TEMPLATE" --output-dir "$folder" \
  --data "description=$DESCRIPTION" --data "owner=$OWNER" --data "platform_repository=$GITHUB_REPOSITORY"

# Its template is found at the platform's address, not in a folder of this runner.
service="$folder/$NAME"
sed -i "s|^_src_path: .*|_src_path: $GITHUB_SERVER_URL/$GITHUB_REPOSITORY|" "$service/.copier-answers.yml"
git -C "$service" commit --quiet --all --amend --no-edit

body=$(jq --null-input --arg name "$NAME" --arg description "$DESCRIPTION" --arg visibility "$VISIBILITY" \
  '{name: $name, description: $description, visibility: $visibility, has_wiki: false, delete_branch_on_merge: true}')
TOKEN=$IDP_GITHUB_TOKEN
if ! answer=$(ask POST "/orgs/$organisation/repos" "$body"); then
  if ! present=$(git ls-remote "$address") || [ -n "$present" ]; then
    echo "GitHub did not make $organisation/$NAME: $(jq --raw-output '.message // "no message"' <<<"$answer")" >&2
    exit 1
  fi
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
