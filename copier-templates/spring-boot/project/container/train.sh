# Starts the service as the image does, sends it some requests and stops it, so that the JVM writes app.aot.
# A service that cannot start here (it needs a database, say) gets an empty cache, and starts as slowly as without one.
set -uo pipefail
export PORT=8080 DRAIN_SECONDS=0
[ -e .env ] || cp .env.example .env

ask() {
  exec 3<>"/dev/tcp/127.0.0.1/$PORT" || return 1
  printf '%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %s\r\n\r\n%s' \
    "$1" "$2" "${#3}" "$3" >&3
  cat <&3 >/dev/null
}

java @java.options -XX:AOTCacheOutput=app.aot -jar app.jar >/tmp/training.log 2>&1 &
service=$!
for _ in $(seq 240); do
  kill -0 $service 2>/dev/null || break
  ask GET /health/live '' 2>/dev/null && break
  sleep 0.25
done
for _ in $(seq 20); do
  for path in /health/live /health/ready /metrics /openapi.json /nowhere /items /items/1; do
    ask GET $path '' 2>/dev/null || break 2
  done
  ask POST /items '{"name": "Notebook"}' 2>/dev/null
done
kill -TERM $service 2>/dev/null
wait $service
rm -f .env
if [ ! -s app.aot ]; then
  echo "No AOT cache: the service did not start while the image was built. Its last words:" >&2
  tail -n 3 /tmp/training.log >&2
  : >app.aot
fi
