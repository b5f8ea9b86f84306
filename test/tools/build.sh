#!/usr/bin/env bash
# Builds the receivers that tests push to, from their Go modules, unless they are there: test/tools/build.sh DIRECTORY
set -euo pipefail
bin=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")"
wanted=$(cat ./*/go.mod ./*/go.sum ./*/*.go build.sh | sha256sum)
if [ "$(cat "$bin/built" 2>/dev/null)" = "$wanted" ]; then exit; fi

export GOFLAGS="-buildvcs=false -mod=readonly"
(cd otelcol && go build -ldflags '-s -w' -o "$bin/otelcol" .)
# Without what finds targets in clouds: most of its code, and none of it is for receiving.
(cd prometheus && go build -tags remove_all_sd -ldflags '-s -w' -o "$bin/prometheus-3" github.com/prometheus/prometheus/cmd/prometheus)
echo "$wanted" >"$bin/built"
