#!/usr/bin/env bash
# Sends pictures of pages as they are; prints their text, line by line, and how sure the models are of each.
#
#   run.sh [ADDRESS [FILE…]]     of a running gateway: http://127.0.0.1:8080, or what SLUICE says
set -euo pipefail
address=${1:-${SLUICE:-http://127.0.0.1:8080}}
cd "$(dirname "$0")"
files=("${@:2}")
((${#files[@]})) || files=(page.png)

for file in "${files[@]}"; do
    [[ -r $file ]] || {
        echo "run.sh: cannot read $file" >&2
        exit 1
    }
    case ${file##*.} in
        jpg | jpeg) type=image/jpeg ;;
        png | webp | gif | bmp | tiff) type=image/${file##*.} ;;
        *)
            echo "run.sh: what is $file?" >&2
            exit 1
            ;;
    esac
    printf 'in:  %s (%s bytes)\n' "$(basename "$file")" "$(stat --format=%s "$file")"
    # A table has a line for each line of the page.
    curl --silent --show-error --fail-with-body --header "Content-Type: $type" --header 'Accept: text/csv' \
        --data-binary "@$file" "$address/v1/infer/ocr?outputs=text,confidence" | sed 's/^/out: /'
done
