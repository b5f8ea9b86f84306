#!/usr/bin/env bash
# Builds the programs that tests need, from their Go modules, unless they are there: test/tools/build.sh DIRECTORY
set -euo pipefail
bin=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")"
wanted=$(cat ./*/go.mod ./*/go.sum ./*/*.go build.sh | sha256sum)
if [ "$(cat "$bin/built" 2>/dev/null)" = "$wanted" ]; then exit; fi

export GOFLAGS="-buildvcs=false -mod=readonly"
# Told its version, and that of the Kubernetes it renders for, as in Helm's own builds; else it takes that for 1.20.
(
  cd helm
  helm=helm.sh/helm/v3
  minor=$(go list -m -f '{{.Version}}' k8s.io/client-go | cut -d. -f2)
  flags="-s -w -X $helm/internal/version.version=$(go list -m -f '{{.Version}}' $helm)"
  for package in chartutil lint/rules; do
    flags+=" -X $helm/pkg/$package.k8sVersionMajor=1 -X $helm/pkg/$package.k8sVersionMinor=$minor"
  done
  go build -ldflags "$flags" -o "$bin/helm" $helm/cmd/helm
)
(cd otelcol && go build -ldflags '-s -w' -o "$bin/otelcol" .)
# Without what finds targets in clouds: most of its code, and none of it is for receiving.
(cd prometheus && go build -tags remove_all_sd -ldflags '-s -w' -o "$bin/prometheus-3" github.com/prometheus/prometheus/cmd/prometheus)
echo "$wanted" >"$bin/built"
