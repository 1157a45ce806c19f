#!/usr/bin/env bash
# Handwritten digits as a client would send them, drawn, with what scikit-learn reads in them.
#
#   run.sh [ADDRESS]     of a running gateway: http://127.0.0.1:8080, or what SLUICE says
set -euo pipefail
address=${1:-${SLUICE:-http://127.0.0.1:8080}}
cd "$(dirname "$0")"

# Each line of digits.csv is an image of 8 by 8 grey values from 0 to 16.
draw() {
    awk -F, '{ for (y = 0; y < 8; y++) { line = ""
        for (x = 1; x <= 8; x++) { v = $(8 * y + x); line = line (v > 11 ? "##" : v > 4 ? "::" : "  ") }
        print "in:  " line } }'
}

while read -r image; do
    draw <<<"$image"
    curl --silent --show-error --fail-with-body --header 'Content-Type: application/json' \
        --data "{\"X\": [[$image]]}" "$address/v1/infer/digits" | sed 's/^/out: /'
    printf '\n\n'
done <digits.csv
