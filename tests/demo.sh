#!/usr/bin/env bash
# The demonstration ends by itself, with exit 0, within a minute, on nothing but the binary.
source "$(dirname "${BASH_SOURCE[0]}")/../tools/binary.sh"
cd "$work"
started=$(date +%s)
TMPDIR="$work" timeout 120 "$ndxp" demo --once </dev/null
took=$(($(date +%s) - started))
[ "$took" -lt 60 ] || { echo "demo: took $took s, a minute is the limit" >&2; exit 1; }
echo "demo: ended by itself after $took s"
