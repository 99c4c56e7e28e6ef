# Sourced by the scripts of tests/: builds the binary as `cargo test` does and names it in $ndxp.
# Stops at the first error, and ends every process that the script started.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build --quiet --locked -p ndxp-cli
ndxp="$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/debug/ndxp"
work=$(mktemp -d)
children=()
# Each child leads a process group, so that its own children end with it.
set -m

end_children() {
  local status=$?
  for child in "${children[@]:-}"; do
    [ -z "$child" ] || kill -- "-$child" 2>/dev/null || true
  done
  { wait; } 2>/dev/null
  if [ "$status" -eq 0 ]; then rm -rf "$work"; else echo "left behind for a look: $work" >&2; fi
}
trap end_children EXIT
