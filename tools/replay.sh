#!/usr/bin/env bash
# Runs one seed of a simulation again: tools/replay.sh SEED [PACKAGE [TEST]]. Without a package it is the
# delivery machine's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seed=${1:?"usage: tools/replay.sh SEED [PACKAGE [TEST]]"}
NDXP_SEED="$seed" RUST_BACKTRACE=1 cargo test --locked -p "${2:-ndxp-delivery}" --test "${3:-simulation}" -- --nocapture
