#!/bin/sh
# Allows a hub's Kafka user what the hub needs, and nothing else. Run it once for each hub, as somebody who
# may; running it again changes nothing. A test runs the hub's engine with exactly these.
#
#   BOOTSTRAP=b1:9093 ADMIN=admin.properties HUB=User:ndxp PREFIX= deploy/kafka/acls.sh
#
#   BOOTSTRAP   a broker
#   ADMIN       the file for kafka-acls.sh's --command-config: who you are; none for brokers in clear
#   HUB         whom the brokers know the hub as: User:<SCRAM user>, or User:<subject of its certificate>
#   PREFIX      kafka.prefix of the hub's configuration; usually empty
#   KAFKA_ACLS  kafka-acls.sh, where it is not on the path
set -eu
acls="${KAFKA_ACLS:-kafka-acls.sh} --bootstrap-server ${BOOTSTRAP:?} ${ADMIN:+--command-config $ADMIN}"
hub="${HUB:-User:ndxp}"
prefix="${PREFIX:-}ndxp."

# Its topics: ndxp.registry, ndxp.audit.main, ndxp.delivery, ndxp.publishers, ndxp.nodes, ndxp.data.*
# Create:                            the hub makes its topics, and one for each dataset that is activated.
# Read, Write:                       records. (Write is enough for idempotent producers, from Kafka 3.0 on.)
# AlterConfigs:                      what is kept of a topic, where it differs; DescribeConfigs is part of it.
# Not among them:                    Delete, which is to delete topics or records; anything on the cluster.
$acls --add --force --allow-principal "$hub" --resource-pattern-type prefixed --topic "$prefix" \
  --operation Create --operation Read --operation Write --operation AlterConfigs

# Its group, ndxp.readers, which nobody joins: consumers must name one.
$acls --add --force --allow-principal "$hub" --resource-pattern-type prefixed --group "$prefix" \
  --operation Read
