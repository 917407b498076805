#!/usr/bin/env bash
# Let the branch vX follow the tag vX.Y.Z, forwards only: move-branch.sh TAG. The token for the push is IDP_GITHUB_TOKEN.
set -euo pipefail
tag=$1
[[ $tag =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]]
branch=${tag%%.*}
if [ "$branch" = v0 ]; then branch=v1; fi # until there is a 1.0.0, services follow what is to become it
# Git asks the helper, which knows only the variable's name; a push that is no fast-forward is refused.
# shellcheck disable=SC2016 # Git expands it
git -c credential.helper= \
  -c "credential.$GITHUB_SERVER_URL.helper=!f() { printf 'username=x-access-token\npassword=%s\n' \"\$IDP_GITHUB_TOKEN\"; }; f" \
  push origin "refs/tags/$tag^{commit}:refs/heads/$branch"
