#!/usr/bin/env bash
# A spoken recording as it is, and its samples as raw float32 and as JSON; prints where somebody speaks.
#
#   run.sh [ADDRESS] [FILE.wav]     of a running gateway: http://127.0.0.1:8080, or what SLUICE says
set -euo pipefail
address=${1:-${SLUICE:-http://127.0.0.1:8080}}
here=$(cd "$(dirname "$0")" && pwd)
recording=${2:-$here/speech.wav}
python=$here/../../build/venv/bin/python
[[ -x $python ]] || {
    echo "run.sh: $python is missing: run \`make deps\`" >&2
    exit 1
}

body=$(mktemp)
trap 'rm -f "$body"' EXIT
ask() {
    local form=$1 type=$2
    if [[ $form == file ]]; then
        cp "$recording" "$body"
    else
        "$python" "$here/samples.py" "$recording" "$form" >"$body"
    fi
    echo "── $(basename "$recording") as $type"
    if [[ $form == raw ]]; then
        local size
        size=$(stat --format=%s "$body")
        echo "   in:  $size bytes of float32, $((size / 4)) samples at 16 kHz"
    elif [[ $form == file ]]; then
        echo "   in:  $(stat --format=%s "$body") bytes"
    else
        echo "   in:  $(head -c 60 "$body")… ($(stat --format=%s "$body") bytes)"
    fi
    # The answer goes through even when it is an error: it says what is wrong.
    curl --silent --show-error --header "Content-Type: $type" --data-binary "@$body" \
        "$address/v1/infer/voice-activity" | "$python" "$here/segments.py"
    echo
}

ask file audio/wav
ask raw application/octet-stream
ask json application/json
