#!/usr/bin/env bash
# A chaos server's verdict on convo's HTTP backends: every injected fault, in both wire formats and both faces.
# Needs the test environment's pytest on the path; llmock goes into an environment of its own, removed afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
port=${CHAOS_PORT:-8201}
trap 'kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
server=
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet llmock==0.2.2
"$work/venv/bin/llmock" serve --port "$port" --log-level warning --stream-chunk-delay-ms 20 &
server=$!
for _ in $(seq 100); do
    curl --silent --fail "http://127.0.0.1:$port/_llmock/verdict" >/dev/null && break
    sleep 0.1
done
CONVO_TEST_CHAOS_URL="http://127.0.0.1:$port" pytest -m chaos tests/backends/test_chaos.py
