#!/usr/bin/env bash
# 2,398 generated datasets register from files in under a minute, and a second time nothing is left to do.
source "$(dirname "${BASH_SOURCE[0]}")/../tools/binary.sh"
cargo run --quiet --locked -p ndxp-seeds -- --generate-datasets 2398 "$work/bulk" seeds >"$work/generated"
cd "$work"
export NDXP_DATA="$work/hub"

: >hub.log # it is read from before the hub has begun to write
"$ndxp" dev --data hub --listen 127.0.0.1:0 --http 127.0.0.1:0 >>hub.log 2>&1 &
hub=$!
children+=("$hub")
timeout 60 grep -q -m1 "The hub is ready" <(tail --pid="$hub" -n +1 -f hub.log) ||
  { echo "apply: the hub did not get ready: $(cat hub.log)" >&2; exit 1; }

started=$(date +%s)
timeout 120 "$ndxp" apply -f bulk >applied 2>&1 || { cat applied >&2; exit 1; }
took=$(($(date +%s) - started))
grep -Eq '^datasets +2398 to make' applied || { cat applied >&2; exit 1; }
[ "$took" -lt 60 ] || { echo "apply: took $took s, a minute is the limit" >&2; exit 1; }
timeout 60 "$ndxp" apply -f bulk --plan >again 2>&1 || { cat again >&2; exit 1; }
grep -Eq '^datasets +0 to make +0 to revise +2398 equal' again || { cat again >&2; exit 1; }
echo "apply: 2398 datasets with their schemas in $took s; the second time nothing to do"
