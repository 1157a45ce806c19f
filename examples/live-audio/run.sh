#!/usr/bin/env bash
# A spoken recording, sent in real time over a WebSocket; prints speech as it is found.
#
#   run.sh [ADDRESS] [FILE.wav] [SPEED]   of a running gateway: http://127.0.0.1:8080, or what SLUICE says
set -euo pipefail
address=${1:-${SLUICE:-http://127.0.0.1:8080}}
here=$(cd "$(dirname "$0")" && pwd)
recording=${2:-$here/../voice-activity/speech.wav}
python=$here/../../build/venv/bin/python
[[ -x $python ]] || {
    echo "run.sh: $python is missing: run \`make deps\`" >&2
    exit 1
}
exec "$python" "$here/live.py" "$address" "$recording" "${3:-1}"
