#!/usr/bin/env bash
# Start IMAGE on a free port and let schemathesis try every operation of its OpenAPI document.
set -euo pipefail
container=$(docker run --detach --read-only --tmpfs=/tmp --cap-drop=ALL --security-opt=no-new-privileges \
  --publish=127.0.0.1::8080 --env=ENVIRONMENT=dev --env=PORT=8080 "$IMAGE")
trap 'docker rm --force "$container" >/dev/null' EXIT
address="http://$(docker port "$container" 8080/tcp | head -n 1)"
for _ in $(seq 120); do
  if curl --silent --fail --max-time 2 --output /dev/null "$address/health/ready"; then break; fi
  sleep 0.5
done
document=
for path in /openapi.json /v3/api-docs; do
  if curl --silent --fail --max-time 10 --output /dev/null "$address$path"; then document=$address$path; break; fi
done
if [ -z "$document" ]; then
  docker logs "$container" | tail -n 20
  echo "The image does not serve its OpenAPI document at /openapi.json or /v3/api-docs." >&2
  exit 1
fi
cd "$RUNNER_TEMP" # its reports are not the service's
"$RUNNER_TEMP/image/bin/schemathesis" --config-file "$GITHUB_ACTION_PATH/schemathesis.toml" run "$document" --no-color </dev/null |
  cat || { docker logs "$container" | tail -n 50; exit 1; }
