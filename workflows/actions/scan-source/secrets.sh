#!/usr/bin/env bash
# Tokens and keys among the tracked files. False alarms: `# pragma: allowlist secret` on the line, or a .secrets.baseline.
set -euo pipefail
bin="$RUNNER_TEMP/scan/bin"
baseline=()
if [ -f .secrets.baseline ]; then baseline=(--baseline .secrets.baseline); fi
# Entropy alone calls every hash of a lock file a secret; public addresses and example passwords are none.
git ls-files -z | xargs -0 --no-run-if-empty "$bin/detect-secrets-hook" "${baseline[@]}" \
  --disable-plugin Base64HighEntropyString --disable-plugin HexHighEntropyString \
  --disable-plugin IPPublicDetector --disable-plugin KeywordDetector
