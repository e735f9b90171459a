#!/usr/bin/env bash
# Runs the five examples against the emulator over HTTPS, one after the other. With --check,
# fails unless all tell the same story.
set -euo pipefail
cd "$(dirname "$0")/.."

# The C library as `make c` has installed it.
mkdir -p build/examples
library=(-Ibuild/c/include -Lbuild/c/lib "-Wl,-rpath,$PWD/build/c/lib")
cc -std=c11 -Wall -Wextra examples/c/example.c -o build/examples/c "${library[@]}" -lfrontegg_token
c++ -std=c++17 -Wall -Wextra examples/cpp/example.cpp -o build/examples/cpp "${library[@]}" -lfrontegg_token

# The emulator prints one line of JSON when it is ready, and ends when its input does.
coproc EMULATOR { exec target/debug/frontegg-emulator --exit-with-stdin; }
pid=$EMULATOR_PID
input=${EMULATOR[1]}
read -r ready <&"${EMULATOR[0]}"
trap 'eval "exec $input>&-"; wait "$pid" || true' EXIT
member() { python3 -c 'import json,sys; v=json.loads(sys.argv[1])
for k in sys.argv[2].split("."): v = v[int(k) if k.isdigit() else k]
print(v)' "$ready" "$1"; }
FRONTEGG_BASE_URL=$(member base_url)
FRONTEGG_CA_FILE=$(member ca_file)
FRONTEGG_CLIENT_ID=$(member api_tokens.0.client_id)
FRONTEGG_SECRET=$(member api_tokens.0.secret)
export FRONTEGG_BASE_URL FRONTEGG_CA_FILE FRONTEGG_CLIENT_ID FRONTEGG_SECRET
echo "the emulator listens on ${FRONTEGG_BASE_URL}"

# Alike in every language but for the trace id.
story=$(
    cat <<EOF
token: eyJ[A-Za-z0-9]{3}… by authenticate, lives [0-9]+ s
the same token again: yes
after a 401 elsewhere: eyJ[A-Za-z0-9]{3}… by refresh, lives [0-9]+ s
stats: 1 authentication, 1 refresh, 0 failures
authenticated: eyJ[A-Za-z0-9]{3}… lives [0-9]+ s, sub $FRONTEGG_CLIENT_ID, tenant [0-9a-f-]{36}, type tenantApiToken
refreshed: eyJ[A-Za-z0-9]{3}… lives [0-9]+ s
consumed refresh token: refresh_rejected: the service rejected the refresh token \(401\): Refresh token is not valid, trace [0-9a-f]{32}
EOF
)

run() {
    local language=$1 told
    shift
    printf '\n%s\n' "$language"
    told=$("$@")
    printf '%s\n' "$told" | sed 's/^/  /'
    if [ "${check:-}" ] && ! [[ $told =~ ^$story$ ]]; then
        echo "$language tells another story" >&2
        exit 1
    fi
}

if [ "${1:-}" = --check ]; then check=1; fi
run Rust target/debug/frontegg-example
run C build/examples/c
run C++ build/examples/cpp
run Python .venv/bin/python examples/python/example.py
run Node node examples/node/example.mjs
