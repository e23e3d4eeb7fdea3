#!/usr/bin/env bash
# Starts the broker the way Kafka's users type it:
#   kafka-server-start.sh [-daemon] server.properties [--override property=value]*
# With -daemon it goes to the background and writes to build/logs/server.out (LOG_DIR names another
# folder). MILLRACE names another binary than the one of the release build.
set -euo pipefail
root="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)"

usage() {
    echo "usage: $0 [-daemon] server.properties [--override property=value]*" >&2
    exit 1
}

daemon=0
if [[ ${1:-} == -daemon ]]; then
    daemon=1
    shift
fi
(($#)) && [[ $1 != -* ]] || usage

broker="${MILLRACE:-$root/build/release/millrace}"
[[ -x $broker ]] || { echo "$broker is not there: run ./dev build first" >&2; exit 1; }

((daemon)) || exec "$broker" "$@"
logs="${LOG_DIR:-$root/build/logs}"
mkdir -p "$logs"
setsid nohup "$broker" "$@" >>"$logs/server.out" 2>&1 </dev/null &
