#!/usr/bin/env bash
# Applies each bug of crates/delivery/mutants to a copy of the sources and demands that the crate's tests
# fail. Ends with a table, and with 1 if a bug was not found.
#
#   tools/mutants.sh [PATTERN]    only those whose file name contains PATTERN
#
# A bug is a small diff against crates/delivery/src. One that does not apply any more is mended with the code.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pattern=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A target directory of its own: the copy's sources change behind cargo's back. Nobody debugs there.
export CARGO_PROFILE_DEV_DEBUG=0
export CARGO_TARGET_DIR=${NDXP_MUTANTS_TARGET:-${CARGO_TARGET_DIR:-$PWD/target}/mutants}

# The workspace as it is, with the crate's own sources changeable.
tar --exclude=./target --exclude=./.git -cf - . | tar -xf - -C "$work"
cd "$work" || exit 2
# The last run's last bug may be newer than these sources, and cargo goes by that.
find crates/delivery -name '*.rs' -exec touch {} +

# What `cargo test -p ndxp-delivery` runs, in the order in which it finds most for the least building. A bug
# may make a test run for ever.
run_tests() {
  local target
  : >"$work/output"
  for target in "--test scenarios" "--test simulation" --lib; do
    # shellcheck disable=SC2086 # two words each
    timeout 600 cargo test --locked --quiet -p ndxp-delivery $target >>"$work/output" 2>&1 || return 1
  done
}

if ! run_tests; then
  tail -n 40 "$work/output"
  echo "mutants: the tests fail without any bug" >&2
  exit 2
fi

# The first test that failed, or the seed.
finder() {
  grep -om1 'NDXP_SEED=[0-9]*' "$work/output" ||
    sed -n "s/^thread '\([^']*\)' .*panicked.*/\1/p" "$work/output" | head -n 1 | grep . ||
    echo "a test that did not end"
}

missed=0 table=""
for patch in crates/delivery/mutants/*"$pattern"*.patch; do
  name=$(basename "$patch" .patch)
  if ! patch --batch --quiet --dry-run -p1 <"$patch" >/dev/null; then
    result="does not apply"
    missed=$((missed + 1))
  else
    patch --batch --quiet -p1 <"$patch"
    run_tests
    status=$?
    if grep -q '^error\(\[\|: could not compile\)' "$work/output"; then
      result="does not compile"
      missed=$((missed + 1))
    elif [ "$status" -eq 0 ]; then
      result="NOT FOUND"
      missed=$((missed + 1))
    else
      result="found by $(finder)"
    fi
    patch --batch --quiet -p1 -R <"$patch"
  fi
  echo "$name: $result"
  table+=$(printf '%-44s %s' "$name" "$result")$'\n'
done

printf '\n%s' "$table"
if [ "$missed" -gt 0 ]; then
  echo "mutants: $missed not found" >&2
  exit 1
fi
echo "mutants: all found"
