#!/usr/bin/env bash
# Asks a language model, and prints its answer while it comes.
#
#   run.sh [ADDRESS [QUESTION…]]     of a gateway with examples/chat/gateway.yaml: http://127.0.0.1:8080, or what SLUICE says
set -euo pipefail
address=${1:-${SLUICE:-http://127.0.0.1:8080}}
here=$(cd "$(dirname "$0")" && pwd)
questions=("${@:2}")
((${#questions[@]})) || questions=('What is the capital of France?' 'And what is it known for?')
exec python3 "$here/chat.py" "$address" "${questions[@]}"
