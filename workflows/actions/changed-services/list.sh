#!/usr/bin/env bash
# Print to GITHUB_OUTPUT which service of which environment to deploy. A service whose own files changed counts, all services of
# an environment whose common files changed, all services of all if what they share changed; who has no release never does.
# shellcheck disable=SC2153 # BEFORE, ENVIRONMENT and SERVICE are the environment's
set -euo pipefail
name='[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'

released() { # "environment service" of every pin in HEAD; other names than DNS labels are nobody's
  git ls-tree -r --name-only -z HEAD environments | tr '\0\n' '\n\r' |
    sed -En "s|^environments/($name)/($name)/release\.env$|\1 \3|p"
}

changed() { # of "environment service" lines those that the push reaches
  local paths
  if [ -n "$ENVIRONMENT" ]; then
    awk -v environment="$ENVIRONMENT" -v service="$SERVICE" '$1 == environment && (service == "" || $2 == service)'
    return
  fi
  if ! git cat-file -e "$BEFORE^{commit}" 2>/dev/null; then cat; return; fi # a new branch, or a history that was replaced
  paths=$(git diff --name-only --no-renames "$BEFORE" HEAD -- environments)
  if grep -qE '^environments/(base|components|compose)/' <<<"$paths"; then cat; return; fi
  awk 'NR == FNR { split($0, part, "/"); if (part[4] == "") all[part[2]] = 1; else own[part[2] " " part[3]] = 1; next }
    $1 in all || $0 in own' <(printf '%s\n' "$paths") -
}

found=$(released | changed | sort -u)
if [ -n "$ENVIRONMENT" ] && [ -z "$found" ]; then
  echo "Nothing is released there." >&2
  exit 1
fi
# GitHub starts 256 jobs at most: more than that go by environment, whose one job takes its services one after the other.
if [ "$(grep -c . <<<"$found" || true)" -gt 200 ]; then found=$(cut -d ' ' -f 1 <<<"$found" | sort -u); fi
{
  printf 'deployments=['
  separator=
  while read -r environment service; do
    if [ -z "$environment" ]; then continue; fi
    printf '%s{"environment":"%s","service":"%s"}' "$separator" "$environment" "$service"
    separator=,
  done <<<"$found"
  printf ']\n'
} | tee -a "$GITHUB_OUTPUT"
