#!/usr/bin/env bash
# Writes speech.wav: two spoken sentences with pauses around them, 16 kHz, mono, 16 bits. Needs espeak-ng and sox.
set -euo pipefail
cd "$(dirname "$0")"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
espeak-ng -v en-us -s 160 -w "$folder/first.wav" 'Sluice opens its gate.'
espeak-ng -v en-us -s 160 -w "$folder/second.wav" 'Every model behind it answers.'
for sentence in first second; do
    # espeak-ng leaves silence at the end of its own.
    sox "$folder/$sentence.wav" --rate 16000 "$folder/$sentence.16k.wav" reverse silence 1 0.02 1% reverse norm -3
done
sox --null --rate 16000 --channels 1 "$folder/pause.wav" trim 0 0.9
sox -D "$folder/pause.wav" "$folder/first.16k.wav" "$folder/pause.wav" "$folder/second.16k.wav" "$folder/pause.wav" \
    --bits 16 speech.wav
