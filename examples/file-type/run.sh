#!/usr/bin/env bash
# Sends files as they are and prints what kind of file each one is.
#
#   run.sh [ADDRESS [FILE…]]     of a running gateway: http://127.0.0.1:8080, or what SLUICE says
set -euo pipefail
address=${1:-${SLUICE:-http://127.0.0.1:8080}}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
files=("${@:2}")
if ((${#files[@]} == 0)); then
    cd "$root"
    files=(
        examples/file-type/README.md
        examples/file-type/picture.png
        examples/file-type/export.py
        examples/file-type/run.sh
        examples/iris/flowers.csv
        examples/iris/flowers.xml
        examples/iris/flowers.npy
        examples/voice-activity/speech.wav
        Plugins/echo/echo.c
        Makefile
    )
fi

for file in "${files[@]}"; do
    [[ -r $file ]] || {
        echo "run.sh: cannot read $file" >&2
        exit 1
    }
    printf '   in:  %s (%s bytes)\n' "$file" "$(stat --format=%s "$file")"
    answer=$(curl --silent --show-error --fail-with-body --header 'Content-Type: application/octet-stream' \
        --data-binary "@$file" \
        "$address/v1/infer/file-type") || status=$?
    # An error's answer says what is wrong.
    printf '   out: %s\n' "$answer"
    ((${status:-0} == 0)) || exit "$status"
done
