#!/usr/bin/env bash
# The same dozen flowers as CSV, JSON, XML and npy; then CSV with a CSV answer.
#
#   run.sh [ADDRESS]     of a running gateway: http://127.0.0.1:8080, or what SLUICE says
set -euo pipefail
address=${1:-${SLUICE:-http://127.0.0.1:8080}}
cd "$(dirname "$0")"

# Sends a file, shows its beginning and the whole answer. More arguments go to curl.
ask() {
    local file=$1 type=$2
    shift 2
    echo "── $file as $type ${*:+($*)}"
    if [[ $file == *.npy ]]; then
        echo "   in:  $(stat --format=%s "$file") bytes, $(head -c 128 "$file" | tr -cd '[:print:]' | sed 's/  *$//')"
    else
        head -n 3 "$file" | sed 's/^/   in:  /'
        echo '        …'
    fi
    curl --silent --show-error --fail-with-body "$@" --header "Content-Type: $type" --data-binary "@$file" \
        "$address/v1/infer/iris" | sed 's/^/   out: /'
    printf '\n\n'
}

ask flowers.csv text/csv
ask flowers.json application/json
ask flowers.xml application/xml
ask flowers.npy application/x-npy
ask flowers.csv text/csv --header 'Accept: text/csv'
