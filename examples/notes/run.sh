#!/usr/bin/env bash
# Sends music as it is; prints which notes sound when.
#
#   run.sh [ADDRESS] [FILE]     of a running gateway: http://127.0.0.1:8080, or what SLUICE says
set -euo pipefail
address=${1:-${SLUICE:-http://127.0.0.1:8080}}
here=$(cd "$(dirname "$0")" && pwd)
music=${2:-$here/tune.ogg}
python=$here/../../build/venv/bin/python
[[ -x $python ]] || {
    echo "run.sh: $python is missing: run \`make deps\`" >&2
    exit 1
}
case ${music##*.} in
    mp3) type=audio/mpeg ;;
    m4a) type=audio/mp4 ;;
    *) type=audio/${music##*.} ;;
esac
echo "   in:  $(basename "$music") ($type, $(stat --format=%s "$music") bytes)"
curl --silent --show-error --header "Content-Type: $type" --header 'Accept: application/x-npy' \
    --data-binary "@$music" "$address/v1/infer/notes?outputs=note" | "$python" "$here/notes.py"
