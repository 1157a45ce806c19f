#!/usr/bin/env bash
# Sends pictures and a film as they are; prints how safe for work each picture is, and each second of the film.
#
#   run.sh [ADDRESS [FILE…]]     of a running gateway: http://127.0.0.1:8080, or what SLUICE says
set -euo pipefail
address=${1:-${SLUICE:-http://127.0.0.1:8080}}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
files=("${@:2}")
if ((${#files[@]} == 0)); then
    files=(
        "$root"/build/venv/lib/python3*/site-packages/sklearn/datasets/images/{china,flower}.jpg
        "$root/build/deps/films/bikes.mp4"
    )
fi

for file in "${files[@]}"; do
    [[ -r $file ]] || {
        echo "run.sh: cannot read $file" >&2
        exit 1
    }
    case ${file##*.} in
        jpg | jpeg) type=image/jpeg ;;
        png | webp | gif | bmp | tiff) type=image/${file##*.} ;;
        mp4 | webm) type=video/${file##*.} ;;
        *)
            echo "run.sh: what is $file?" >&2
            exit 1
            ;;
    esac
    printf '   in:  %s (%s, %s bytes)\n' "$(basename "$file")" "$type" "$(stat --format=%s "$file")"
    answer=$(curl --silent --show-error --fail-with-body --header "Content-Type: $type" --data-binary "@$file" \
        "$address/v1/infer/picture-safety") || status=$?
    # An error's answer says what is wrong.
    printf '   out: %s\n' "$answer"
    ((${status:-0} == 0)) || exit "$status"
done
