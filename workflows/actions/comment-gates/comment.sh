#!/usr/bin/env bash
# Write TABLE into the comment of pull request NUMBER that an earlier run made, or make it.
# shellcheck disable=SC2153 # NUMBER, TABLE and TOKEN are the environment's
set -euo pipefail
# shellcheck source=workflows/actions/github.sh
. "$GITHUB_ACTION_PATH/../github.sh"
mark='<!-- promotion-gate -->'
[[ $NUMBER =~ ^[0-9]+$ ]]
body=$(jq --null-input --arg body "$mark"$'\n'"$TABLE" '{body: $body[:65000]}')
comment=
for page in 1 2 3 4 5; do
  found=$(ask GET "/repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments?per_page=100&page=$page")
  # Anybody may write the mark into a comment of their own.
  comment=$(jq --raw-output --arg mark "$mark" \
    'map(select((.body | startswith($mark)) and .user.type == "Bot")) | first | .id // empty' <<<"$found")
  if [ -n "$comment" ] || [ "$(jq length <<<"$found")" -lt 100 ]; then break; fi
done
if [ -n "$comment" ]; then
  ask PATCH "/repos/$GITHUB_REPOSITORY/issues/comments/$comment" "$body" >/dev/null
else
  ask POST "/repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments" "$body" >/dev/null
fi
