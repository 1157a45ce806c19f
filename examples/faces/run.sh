#!/usr/bin/env bash
# Sends pictures and films as they are; prints for each picture, and each tenth of a film's second, how sure the model is of a
# face, how many there are, and where the surest is.
#
#   run.sh [ADDRESS [FILE…]]     of a running gateway: http://127.0.0.1:8080, or what SLUICE says
set -euo pipefail
address=${1:-${SLUICE:-http://127.0.0.1:8080}}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
files=("${@:2}")
((${#files[@]})) || files=("$here/astronaut.jpg" "$root/build/deps/films/carphone_pristine.mp4")

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
    printf 'in:  %s (%s, %s bytes)\n' "$(basename "$file")" "$type" "$(stat --format=%s "$file")"
    # A table has a line for each picture.
    curl --silent --show-error --fail-with-body --header "Content-Type: $type" --header 'Accept: text/csv' \
        --data-binary "@$file" "$address/v1/infer/faces" | sed 's/^/out: /'
done
