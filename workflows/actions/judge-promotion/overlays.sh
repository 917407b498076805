#!/usr/bin/env bash
# Render each overlay of DEPLOYMENTS with both engines; each has to take the very image that release.env pins.
set -euo pipefail
unset RELEASE_IMAGE RELEASE_VERSION RELEASE_REVISION # Compose would prefer them to the file
wrong=0
while read -r environment service; do
  leaf="environments/$environment/$service"
  if ! ls "$leaf"/*.yaml >/dev/null 2>&1; then continue; fi
  image=$(sed -n 's/^RELEASE_IMAGE=//p' "$leaf/release.env")
  for engine in kustomize compose; do
    case $engine in
      kustomize) rendered=$(kubectl kustomize "$leaf") || rendered= ;;
      compose) rendered=$(docker compose --file "$leaf/compose.yaml" config --images) || rendered= ;;
    esac
    if ! grep --quiet --fixed-strings --word-regexp -e "$image" <<<"$rendered"; then
      echo "::error file=$leaf/release.env::$engine does not render $service in $environment with its pinned image"
      wrong=1
    fi
  done
done < <(jq --raw-output '.[] | "\(.environment) \(.service)"' <<<"$DEPLOYMENTS")
exit "$wrong"
