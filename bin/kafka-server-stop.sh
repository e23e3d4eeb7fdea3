#!/usr/bin/env bash
# Asks every Millrace broker of the calling user to stop, by SIGTERM, as Kafka's script of this name
# does for Kafka. KILL_SIGNAL or a first argument, for example KILL, sends another signal.
set -euo pipefail
signal="${1:-${KILL_SIGNAL:-TERM}}"

# The program that runs says who it is through /proc; a name in a command line could be an editor's.
pids=()
for folder in /proc/[0-9]*; do
    [[ -O $folder ]] || continue
    program="$(readlink "$folder/exe" 2>/dev/null || true)"
    program="${program% (deleted)}"
    [[ ${program##*/} == millrace ]] && pids+=("${folder#/proc/}")
done

if ((${#pids[@]} == 0)); then
    echo "No Millrace broker to stop"
    exit 1
fi
kill -s "$signal" "${pids[@]}"
