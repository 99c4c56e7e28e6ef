#!/usr/bin/env bash
# The list of checks, the same at the desk and in CI. Runs all of them and names those that failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=()

# check NAME COMMAND...
check() {
  local name=$1
  shift
  echo "== $name"
  "$@" || failed+=("$name")
}

scripts_parse() {
  local script status=0
  for script in .ci/run tools/*.sh tools/kafka/*.sh tests/*.sh; do
    [ -e "$script" ] || continue
    bash -n "$script" || status=1
  done
  return $status
}

# A page checks a record in the browser: the pure crate has to compile for it.
schema_for_browsers() {
  local target=wasm32-unknown-unknown
  if ! rustc --print target-libdir --target "$target" 2>/dev/null | xargs -r test -d; then
    echo "SKIP: the schema crate in browsers: no $target here; rustup target add $target"
    return 0
  fi
  cargo check --locked --quiet -p ndxp-schema --target "$target"
}

check "format" cargo fmt --all --check
check "shell scripts" scripts_parse
check "proto lint" tools/buf/node_modules/.bin/buf lint
check "arrows between crates" cargo test --locked --quiet -p ndxp-arrows
check "schema crate in browsers" schema_for_browsers
check "clippy" cargo clippy --workspace --features ndxp-cli/kafka --all-targets --locked --quiet -- -D warnings
check "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --features ndxp-cli/kafka --no-deps --locked --quiet

if [ "${#failed[@]}" -gt 0 ]; then
  printf 'check: failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "check: all is well"
