#!/usr/bin/env bash
# Runs the README's transcript as a newcomer would: each block as it stands, in a directory that has
# nothing but the binary.
source "$(dirname "${BASH_SOURCE[0]}")/../tools/binary.sh"
readme="$PWD/README.md"
mkdir -p "$work/target/release"
ln -s "$ndxp" "$work/target/release/ndxp"
cd "$work"

block() {
  awk -v name="<!-- transcript: $1 -->" '
    $0 == name { found = 1; next }
    found && /^```/ { if (inside) exit; inside = 1; next }
    inside { print }
  ' "$readme"
}

fail() {
  echo "readme: $1" >&2
  exit 1
}

# The hub stays up; it says when it is ready.
# Its last command takes the shell's place, so that the end waits for the hub itself.
block hub | sed '$s/^/exec /' >hub.sh
[ -s hub.sh ] || fail "the block 'hub' is missing"
: >hub.log # it is read from before the hub has begun to write
bash hub.sh >>hub.log 2>&1 &
hub=$!
children+=("$hub")
timeout 60 grep -q -m1 "The hub is ready" <(tail --pid="$hub" -n +1 -f hub.log) ||
  fail "the hub did not get ready within a minute: $(cat hub.log)"

started=$(date +%s)
block publish >publish.sh
bash -euo pipefail publish.sh >published 2>&1 || fail "publishing failed: $(cat published)"
{ block publish | grep '^export'; block subscribe; } >subscribe.sh
timeout 60 bash -euo pipefail subscribe.sh >received 2>words || fail "subscribing failed: $(cat words)"
[ "$(wc -l <received)" -eq 2 ] || fail "two records should arrive: $(cat received)"
grep -q 'Phường Hoàn Kiếm' received || fail "a granted field is missing: $(cat received)"
! grep -q 'municipality\|phone_code' received || fail "a field arrived that nothing grants: $(cat received)"
took=$(($(date +%s) - started))
[ "$took" -lt 60 ] || fail "a first record took $took seconds"

{ block publish | grep '^export'; block refusals; } >refusals.sh
timeout 60 bash refusals.sh >refused 2>&1 && fail "the last command of 'refusals' should fail"
grep -q 'AGREEMENT_MISSING' refused || fail "no reason for the first: $(cat refused)"
grep -q 'SCHEMA_VIOLATION' refused || fail "no reason for the second: $(cat refused)"
echo "readme: the transcript works; a first record took $took s"
