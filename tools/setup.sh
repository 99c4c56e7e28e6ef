#!/usr/bin/env bash
# Installs what a make target needs and this machine lacks; silent when nothing is missing.
#
#   tools/setup.sh build     a C compiler, which the crate ring needs for its assembly and C files; with `kafka` as
#                            a second word also what librdkafka is built from
#   tools/setup.sh test      the same, what librdkafka is built from (C++, make, pkg-config, headers of OpenSSL
#                            and zlib), and Kafka's jars where Java and Maven are there (else its tests skip)
#   tools/setup.sh brokers   Kafka's jars; Java and Maven it never installs, it says that they are missing
#   tools/setup.sh check     as for test, without the jars, plus clippy, rustfmt and the pinned proto linter
#
# Rust itself is the one thing that it never installs: how is the reader's choice.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
give_up() {
  say "$*"
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif has sudo; then
    sudo "$@"
  else
    return 1
  fi
}

# install WHY PACKAGE... : Debian's packages, or words about what to do.
install() {
  local why=$1
  shift
  has apt-get || give_up "$why is missing and there is no apt-get here: install it and run this again"
  say "$why is missing: installing $*"
  local env=(env DEBIAN_FRONTEND=noninteractive)
  as_root "${env[@]}" apt-get update -q >&2 &&
    as_root "${env[@]}" apt-get install -q -y --no-install-recommends "$@" >&2 ||
    give_up "could not install it: run 'apt-get install $*' as root, then this again"
}

# Whether `cc` can compile, not only whether it exists: libc's headers are a package of their own.
compiles() {
  has cc && printf '#include <stdlib.h>\n' | cc -fsyntax-only -x c - >/dev/null 2>&1
}

need_rust() {
  has cargo || give_up "cargo is missing: install Rust $(wanted_rust) or newer (https://www.rust-lang.org/tools/install), then run this again"
  local have
  have=$(rustc --version | cut -d' ' -f2)
  older_than "$have" "$(wanted_rust)" &&
    give_up "rustc $have is too old: this needs $(wanted_rust) or newer ('rustup update' where rustup is used)"
  return 0
}

wanted_rust() { sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml; }

older_than() { [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n1)" = "$1" ]; }

need_c_compiler() {
  compiles || install "a C compiler with libc's headers" gcc libc6-dev
}

# Whether a C program can include a header.
has_header() { printf '#include <%s>\n' "$1" | cc -fsyntax-only -x c - >/dev/null 2>&1; }

need_kafka_client() {
  if has c++ && has make && has pkg-config && has_header openssl/ssl.h && has_header zlib.h; then return 0; fi
  install "what the Kafka client is built from" g++ make pkg-config libssl-dev zlib1g-dev
}

# Without them the tests on real brokers say that they were skipped.
fetch_brokers() {
  if ! has java || ! has mvn; then
    say "no Java with Maven here: the tests on real Kafka brokers will be skipped"
  elif ! tools/kafka/fetch.sh; then
    say "Kafka's jars could not be fetched: the tests on real Kafka brokers will be skipped"
  fi
}

# The same for who asked for a broker: nothing goes without it.
need_brokers() {
  has java || give_up "a Kafka broker needs Java 17 or newer: install it (Debian: openjdk-17-jre-headless) and run this again"
  cmp -s tools/kafka/pom.xml tools/kafka/libs/complete && return 0
  has mvn || give_up "Kafka's jars are fetched by Maven: install it (Debian: maven) and run this again"
  tools/kafka/fetch.sh || give_up "Kafka's jars could not be fetched: is the Maven repository reachable?"
}

# need_rust_component COMPONENT SUBCOMMAND
need_rust_component() {
  cargo "$2" --version >/dev/null 2>&1 && return 0
  has rustup || give_up "cargo $2 is missing: add $1 to your Rust toolchain, then run this again"
  say "$1 is missing: adding it"
  rustup component add "$1" >&2 || give_up "could not add it: run 'rustup component add $1'"
}

need_proto_linter() {
  local stamp=tools/buf/node_modules/.installed
  if [ -x tools/buf/node_modules/.bin/buf ] && cmp -s tools/buf/package-lock.json "$stamp"; then return 0; fi
  has node && has npm || install "Node.js with npm, for the proto linter," nodejs npm
  say "installing the proto linter pinned in tools/buf"
  # Not `npm ci`: it refuses to run where a registry lacks the linter's packages for other platforms.
  # The versions are exact, the lock has the hashes for Linux, and --no-save leaves both files alone.
  (cd tools/buf && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
    give_up "could not install the proto linter: is the npm registry reachable?"
  cp tools/buf/package-lock.json "$stamp"
}

case "${1:-}" in
  build)
    need_rust
    need_c_compiler
    case "${2:-}" in *kafka*) need_kafka_client ;; esac
    ;;
  test)
    need_rust
    need_c_compiler
    need_kafka_client
    fetch_brokers
    ;;
  brokers)
    need_brokers
    ;;
  check)
    need_rust
    need_c_compiler
    need_kafka_client
    need_rust_component clippy clippy
    need_rust_component rustfmt fmt
    need_proto_linter
    ;;
  *)
    give_up "usage: tools/setup.sh build|test|brokers|check"
    ;;
esac
