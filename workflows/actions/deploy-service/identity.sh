#!/usr/bin/env bash
# What kubectl wants of a credential plugin: this run's identity token, made by GitHub for the audience KUBERNETES_AUDIENCE.
set -euo pipefail
curl --silent --show-error --fail --get --header "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \
  --data-urlencode "audience=$KUBERNETES_AUDIENCE" "$ACTIONS_ID_TOKEN_REQUEST_URL" |
  sed -En 's|.*"value" *: *"([A-Za-z0-9._-]+)".*|{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"\1"}}|p'
