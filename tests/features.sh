#!/usr/bin/env bash
# The schema tool and the client build without the engines, the schema tool without a runtime too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

crates_of() {
  cargo tree --locked --quiet -p ndxp-cli --edges normal --prefix none --no-default-features --features "$1" |
    awk '{ print $1 }' | sort -u
}

without() {
  local feature=$1 found
  shift
  for crate in "$@"; do
    found=$(crates_of "$feature" | grep -x "$crate" || true)
    [ -z "$found" ] || { echo "features: $feature brings $crate" >&2; exit 1; }
  done
}

without schema fjall tokio tonic rustls rcgen ndxp-hub ndxp-log ndxp-proto
without client fjall rcgen ndxp-hub ndxp-log ndxp-identity
CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}" cargo check --quiet --locked -p ndxp-cli --no-default-features --features schema
echo "features: schema and client are free of the engines"
