#!/usr/bin/env bash
# Four applicants as CSV, scored by ten lines of C.
#
#   run.sh [ADDRESS]     of a running gateway: http://127.0.0.1:8080, or what SLUICE says
set -euo pipefail
address=${1:-${SLUICE:-http://127.0.0.1:8080}}
cd "$(dirname "$0")"

sed 's/^/in:  /' applicants.csv
curl --silent --show-error --fail-with-body --header 'Content-Type: text/csv' --data-binary @applicants.csv \
    "$address/v1/infer/scoring" | sed 's/^/out: /'
echo
