#!/bin/sh
# Judges NDJSON of about 1 GB with two bad lines, the first and the last but one, and says what that took.
# usage: tools/large.sh NDXP [MEGABYTES] [FOLDER]
set -eu
ndxp=$1
megabytes=${2:-1000}
folder=$(mktemp -d "${3:-.}/large.XXXXXX")
trap 'rm -rf "$folder"' EXIT
schema=$(dirname "$0")/../seeds/nation/datasets/home-affairs/administrative-units/schema.json

"$ndxp" schema generate "$schema" --count 1000 --seed 1 > "$folder/thousand"
size=$(wc -c < "$folder/thousand")
{
    echo '{"code":1}'
    yes "$folder/thousand" | head -n $((megabytes * 1000000 / size)) | xargs cat
    echo '{"code":2}'
    head -n 1 "$folder/thousand"
} > "$folder/large.ndjson"

for jobs in 1 2; do
    status=0
    /usr/bin/time -f "jobs $jobs: %e s, user %U s, system %S s, peak %M KiB" \
        "$ndxp" schema validate --schema "$schema" "$folder/large.ndjson" --jobs "$jobs" --json \
        > "$folder/found.json" || status=$?
    echo "exit status $status: $(cut -c 1-120 "$folder/found.json")"
    grep -o '"record":[0-9]*,"line":[0-9]*' "$folder/found.json" | sort -u
done
