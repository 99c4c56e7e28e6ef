#!/usr/bin/env bash
# Fetches the jars of a Kafka broker, pinned in pom.xml, into tools/kafka/libs; silent when they are
# there. Needs Java 17 and Maven. The file `complete` says that no fetch broke off.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

cmp -s pom.xml libs/complete && exit 0
echo "fetch: Kafka's jars (55 MB) into tools/kafka/libs" >&2
rm -rf libs
mvn -q -B dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=libs >&2
cp pom.xml libs/complete
