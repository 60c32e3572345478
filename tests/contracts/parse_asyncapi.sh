#!/usr/bin/env bash
# Check deploy/asyncapi.yaml with the official parser, installed from the lock beside this script.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
work="$top/.run/contracts"
command -v npm >/dev/null || { echo "the AsyncAPI check needs Node with npm"; [ "${CI:-}" = true ] && exit 1; exit 0; }
mkdir -p "$work"
if ! cmp -s "$here/package-lock.json" "$work/installed"; then
  cp "$here/package.json" "$here/package-lock.json" "$work/"
  (cd "$work" && npm ci --silent --no-audit --no-fund && cp package-lock.json installed)
fi
cp "$here/parse_asyncapi.mjs" "$work/"
(cd "$work" && node parse_asyncapi.mjs "$top/deploy/asyncapi.yaml")
