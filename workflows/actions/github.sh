# shellcheck shell=bash
# Ask GitHub's API, sourced by the actions: ask METHOD PATH [BODY]. The token is TOKEN; what is no success is an error.
ask() {
  local content=()
  if [ $# -gt 2 ]; then content=(--header 'Content-Type: application/json' --data "$3"); fi
  curl --silent --show-error --fail-with-body --max-time 60 --request "$1" "${content[@]}" \
    --header "Authorization: Bearer $TOKEN" --header 'Accept: application/vnd.github+json' \
    --header 'X-GitHub-Api-Version: 2022-11-28' "${IDP_GITHUB_API_URL:-$GITHUB_API_URL}$2"
}
