#!/bin/sh
# Begins a hub of several nodes whose directories are $NODES/n1, n2, ..., and does nothing where there is one.
# Where its log is, the environment says (NDXP_LOG_ENGINE, NDXP_KAFKA_*).
set -eu
nodes="${NODES:-/nodes}"
first="$nodes/n1"
domain="${DOMAIN:-hub.example}"
[ ! -e "$first/complete" ] || exit 0

# Brokers that have just started may not answer yet: init waits half a minute and says so.
ndxp init --data "$first" --trust-domain "$domain" --authority hub \
  --authority-name-vi "Trung tâm dữ liệu" --authority-name-en "Data centre" \
  --officer officer-1 --officer officer-2 || [ $? -eq 1 ] # 1: a hub is there already

pki() { ndxp pki "$@" --data "$first"; }
[ -e "$first/pki/ca.pem" ] || pki init --trust-domain "$domain"
pki server --name localhost --name n1 --name n2 --name n3
pki officer hub/officer/officer-1
pki officer hub/officer/officer-2
pki node

for other in "$nodes"/*; do
  [ "$other" != "$first" ] || continue
  # Alike on all nodes: the hub's keys, what agencies see, whom it believes.
  mkdir -p "$other/pki"
  cp -R "$first/keys" "$other/"
  cp -R "$first/pki/server" "$first/pki/ca.pem" "$first/pki/crl.pem" "$other/pki/"
  # Its own: what it shows to the other nodes.
  pki node --out "$other/pki/nodes"
done
touch "$first/complete"
