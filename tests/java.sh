#!/usr/bin/env bash
# The client of examples/java, written from the documents alone, against a hub: the real administrative units go
# in once, come out whole or cut down to the agreement, again after a failure, and across a restart of the hub.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

skip() {
  echo "SKIP: java client: $1"
  exit 77
}
for tool in java javac mvn; do
  command -v "$tool" >/dev/null || skip "$tool is missing"
done
release=$(javac -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
[ "${release:-0}" -ge 17 ] || skip "JDK 17 or later is missing (found ${release:-none})"

work=$(mktemp -d)
hub='' reader=''
cleanup() {
  for child in $reader $hub; do
    kill "$child" 2>/dev/null && wait "$child" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

fail() {
  echo "java client: $1" >&2
  for file in "$work"/*.err; do
    [ -s "$file" ] && echo "--- ${file##*/}" >&2 && tail -n 20 "$file" >&2
  done
  exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1: expected $2, got $3"; }
says() { grep -qF -- "$2" "$work/$1.err" || fail "$1 does not say: $2"; }

# What the first run fetched serves the later ones, so that no network is needed.
package() { mvn --batch-mode --quiet "$@" --file examples/java/pom.xml package; }
package --offline >"$work/maven.err" 2>&1 || package >"$work/maven.err" 2>&1 || fail "it does not build"
cargo build --quiet --locked -p ndxp-cli

# Starts the hub at a port (0: a free one) and returns once it says where it serves, with its port in $port.
start_hub() {
  local line
  rm -f "$work/ready"
  mkfifo "$work/ready"
  "${CARGO_TARGET_DIR:-target}/debug/ndxp" dev --data "$work/hub" --listen "127.0.0.1:$1" --http 127.0.0.1:0 \
    >"$work/ready" 2>"$work/hub.err" &
  hub=$!
  exec 3<"$work/ready"
  port=''
  while [ -z "$port" ] && read -r -t 120 line <&3; do
    port=$(sed -n 's|.*https://localhost:\([0-9]*\).*|\1|p' <<<"$line")
  done
  [ -n "$port" ] || fail "the hub does not come up"
}
stop_hub() {
  kill "$hub"
  wait "$hub" || fail "the hub does not end well"
  hub=''
}

units=agencies/home-affairs/datasets/administrative-units
records=seeds/nation/records/administrative-units.ndjson
jar=examples/java/target/hub-client.jar
identities=$work/hub/pki/agencies
client() { java -jar "$jar" "$identities/${1%%/*}/systems/${1##*/}" "${@:2}"; }
publish() { client home-affairs/administrative-units publish "$units" "$2" 2>"$work/$1.err"; }
subscribe() {
  client "$2" subscribe "agencies/${2%%/*}/subscriptions/$1" "$3" reference-data --until-idle 2>"$work/$1.err"
}
sum() { sed -n "s/.* \([0-9]*\) $2.*/\1/p" "$work/$1.err" | awk '{ n += $1 } END { print n + 0 }'; }

start_hub 0
equal "the hub takes us for" 'principal: "agency/home-affairs/system/administrative-units"' \
  "$(client home-affairs/administrative-units whoami | head -n 1)"

publish first "$records" || fail "publishing is refused"
equal "accepted" 3355 "$(sum first accepted)"
publish second "$records" || fail "publishing again is refused"
equal "accepted again" 0 "$(sum second accepted)"
equal "duplicates" 3355 "$(sum second duplicates)"

# Statistics may see all fields; they arrive as they were sent.
subscribe whole statistics/statistics "$units" >"$work/whole" || fail "statistics cannot receive"
sort "$records" >"$work/sent"
cut -f 4 "$work/whole" | sort | cmp -s - "$work/sent" || fail "statistics did not receive what was sent"
equal "redelivered without need" 0 "$(grep -c ^again "$work/whole" || true)"
equal "after the acknowledgements" 0 "$(subscribe whole statistics/statistics "$units" | wc -l)"

# The electricity group may see code and name. What it could not store comes again, marked, under the same ids.
if subscribe lost evn/customers "$units" >/dev/full; then fail "an unwritten record is acknowledged"; fi
subscribe lost evn/customers "$units" >"$work/cut" || fail "evn cannot receive"
sed 's/,"kind".*/}/' "$records" | sort >"$work/sent"
cut -f 4 "$work/cut" | sort | cmp -s - "$work/sent" || fail "evn did not receive code and name alone"
grep -q ^again "$work/cut" || fail "no record is marked as redelivered"
equal "record ids" 3355 "$(cut -f 2 "$work/cut" | sort -u | wc -l)"

echo '{"code":"1","name":"Hà Nội","kind":"municipality","level":1,"parent_code":null}' >"$work/malformed"
if publish malformed "$work/malformed"; then fail "a malformed record is accepted"; fi
says malformed "reason: SCHEMA_VIOLATION"
says malformed "at records[0]/code: pattern"
says malformed "next_step: "

if subscribe denied evn/customers agencies/enterprise-development/datasets/business-registrations; then
  fail "records flow without an agreement"
fi
says denied "reason: AGREEMENT_MISSING"
says denied "next_step: "

# A waiting subscriber outlives a restart: the hub says when to come back, and a record published then arrives.
mkfifo "$work/live"
java -jar "$jar" "$identities/statistics/systems/statistics" subscribe agencies/statistics/subscriptions/whole \
  "$units" reference-data >"$work/live" 2>"$work/live.err" &
reader=$!
exec 4<"$work/live"
echo '{"code":"01","name":"Thành phố Hà Nội","kind":"municipality","level":1,"parent_code":null}' >"$work/one"
echo '{"code":"01","name":"Hà Nội","kind":"municipality","level":1,"parent_code":null}' >"$work/two"
publish one "$work/one" || fail "publishing is refused"
read -r -t 60 line <&4 || fail "the live stream is silent"
stop_hub
start_hub "$port"
publish two "$work/two" || fail "publishing after the restart is refused"
line=again
while [[ $line == again* ]]; do # the hub may have stopped before the acknowledgement of the record before
  read -r -t 60 line <&4 || fail "the stream does not go on after the restart"
done
says live "NODE_DRAINING, so once more"
equal "after the restart" '{"code":"01","name":"Hà Nội","kind":"municipality","level":1,"parent_code":null}' \
  "$(cut -f 4 <<<"$line")"
kill "$reader"
wait "$reader" || true
reader=''
stop_hub
echo "java client: 3355 units published once, received by two agencies, refusals explained, a restart outlived"
