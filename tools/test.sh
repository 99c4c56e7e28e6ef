#!/usr/bin/env bash
# Runs every test to the end: cargo's, then the scripts of tests/. Ends with what was skipped and why,
# and one line with the sums. STRICT=1 makes a skip a failure.
#
# How a test skips: in Rust `ndxp_testkit::skip(what, why)` followed by a return, which appends
# "SKIP: <what>: <why>" to the file that NDXP_SKIPS names (cargo hides what a passing test prints); a
# script prints that line and exits with 77.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export NDXP_SKIPS="$work/skips"
: >"$NDXP_SKIPS"
passed=0 failed=0 broken=0

# Sums a column of cargo's lines "test result: ok. 3 passed; 0 failed; 1 ignored; ...".
sum_of() {
  sed -n "s/^test result: .* \([0-9][0-9]*\) $1;.*/\1/p" "$work/cargo" | awk '{ n += $1 } END { print n + 0 }'
}

run_cargo_tests() {
  # With the Kafka engine, which a build at the desk leaves out: only who runs this waits for librdkafka's build.
  cargo test --workspace --features ndxp-cli/kafka --locked --no-fail-fast 2>&1 | tee "$work/cargo"
  local status=${PIPESTATUS[0]}
  # A test that skips returns early, so cargo counts it among the passed.
  passed=$(($(sum_of passed) - $(wc -l <"$NDXP_SKIPS")))
  failed=$(sum_of failed)
  sed -n 's/^test \(.*\) \.\.\. ignored\(, \)\{0,1\}\(.*\)/SKIP: \1: ignored \3/p' "$work/cargo" >>"$NDXP_SKIPS"
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
    echo "test: cargo test ended with $status and no failed test: something did not build or crashed" >&2
    broken=1
  fi
}

run_script() {
  local script=$1
  echo "== $script"
  bash "$script" </dev/null 2>&1 | tee "$work/script"
  local status=${PIPESTATUS[0]}
  case $status in
    0) passed=$((passed + 1)) ;;
    77)
      grep '^SKIP: ' "$work/script" >>"$NDXP_SKIPS" ||
        echo "SKIP: $script: it gave no reason" >>"$NDXP_SKIPS"
      ;;
    *)
      echo "== $script failed with $status" >&2
      failed=$((failed + 1))
      ;;
  esac
}

run_cargo_tests
for script in tests/*.sh; do
  [ -e "$script" ] && run_script "$script"
done

skipped=$(wc -l <"$NDXP_SKIPS")
echo
if [ "$skipped" -eq 0 ]; then
  echo "Nothing was skipped."
else
  echo "Skipped:"
  sed 's/^SKIP: /  /' "$NDXP_SKIPS"
fi
echo "$passed passed, $failed failed, $skipped skipped"

[ "$failed" -eq 0 ] && [ "$broken" -eq 0 ] || exit 1
if [ "${STRICT:-0}" = 1 ] && [ "$skipped" -gt 0 ]; then
  echo "test: STRICT=1 makes a skip a failure" >&2
  exit 1
fi
