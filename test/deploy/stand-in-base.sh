#!/usr/bin/env bash
# Makes a directory tree that stands in for the image `node:VERSION-slim`, which cannot be pulled everywhere: the given Node.js,
# this machine's npm, and what the Dockerfile's steps call, with the libraries of each: stand-in-base.sh DIRECTORY NODE
set -euo pipefail
root=$1
mkdir -p "$root"/{etc/ssl/certs,root,tmp,var/tmp,npm-cache,usr/bin,usr/lib,usr/lib64,usr/local/bin,usr/local/lib/node_modules}
for directory in bin lib lib64; do ln -s "usr/$directory" "$root/$directory"; done

cp "$2" "$root/usr/local/bin/node"
for program in sh bash cp mkdir chmod rm find grep ldd cat env; do cp -L "$(command -v "$program")" "$root/usr/bin/"; done
for program in "$root"/usr/local/bin/node "$root"/usr/bin/*; do
  ldd "$program" 2>/dev/null | grep -o '/[^ ]*' || true
done | sort -u | while read -r library; do
  to="$root/usr/$(dirname "${library#/usr}")"
  mkdir -p "$to" && cp -L "$library" "$to"
done

cp -RL "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/" 2>/dev/null || true
