#!/usr/bin/env bash
# Which SIGNER it is, and what the release record says of it.
set -euo pipefail
# GitHub keeps attestations of private repositories on its Enterprise plan only.
if [ "$SIGNER" = auto ] && [ "$VISIBILITY" = public ]; then SIGNER=github; fi
if [ "$SIGNER" = auto ]; then SIGNER=cosign; fi
case $SIGNER in
  github | cosign | none) ;;
  *) echo "signer is none of github, cosign, none, auto" >&2; exit 1 ;;
esac
builder="$GITHUB_SERVER_URL/${GITHUB_WORKFLOW_REF:-$GITHUB_REPOSITORY/$GITHUB_WORKFLOW}"
{
  echo "signer=$SIGNER"
  if [ "$SIGNER" != none ]; then
    echo "provenance=${builder%%@*},$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"
  fi
  echo "sbom-digest=sha256:$(sha256sum "$SBOM" | cut -d ' ' -f 1)"
} >> "$GITHUB_OUTPUT"
