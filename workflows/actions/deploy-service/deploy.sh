#!/usr/bin/env bash
# `idp deploy` of what the variables say, to a cluster with this run's own short-lived identity where one is named.
set -euo pipefail
if [ -n "$KUBERNETES_SERVER" ]; then
  export KUBECONFIG="$RUNNER_TEMP/kubeconfig"
  umask 077
  printf '%s' "$KUBERNETES_CA" > "$RUNNER_TEMP/kubernetes-ca.pem"
  cluster=(--server="$KUBERNETES_SERVER")
  if [ -n "$KUBERNETES_CA" ]; then cluster+=(--certificate-authority="$RUNNER_TEMP/kubernetes-ca.pem"); fi
  kubectl config set-cluster environment "${cluster[@]}" >/dev/null
  # kubectl asks for a new token whenever the last one has expired: none is written down.
  kubectl config set-credentials run --exec-api-version=client.authentication.k8s.io/v1 \
    --exec-interactive-mode=Never --exec-command="$GITHUB_ACTION_PATH/identity.sh" >/dev/null
  kubectl config set-context environment --cluster=environment --user=run >/dev/null
  kubectl config use-context environment >/dev/null
fi
arguments=("$ENVIRONMENT")
if [ -n "$SERVICE" ]; then arguments+=("$SERVICE"); fi
if [ "$ONLY_LOOK" != true ]; then
  "$RUNNER_TEMP/idp/bin/idp" deploy --platform . -- "${arguments[@]}" | tee -a "$GITHUB_STEP_SUMMARY"
  exit
fi
found=$("$RUNNER_TEMP/idp/bin/idp" deploy --platform . --dry-run --output json -- "${arguments[@]}")
drifted=$(jq --raw-output '.data.services[] | select(.state | IN("unchanged", "skipped") | not) | "\(.service) \(.version): \(.reason)"' <<<"$found")
echo "${drifted:-$ENVIRONMENT runs what is pinned}" | tee -a "$GITHUB_STEP_SUMMARY"
[ -z "$drifted" ]
