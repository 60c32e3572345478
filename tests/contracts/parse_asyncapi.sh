#!/usr/bin/env bash
# Check deploy/asyncapi.yaml with the official parser, installed from the lock beside this script.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$here/install_checks.sh"
contract_checks
cp "$here/parse_asyncapi.mjs" "$work/"
(cd "$work" && node parse_asyncapi.mjs "$top/deploy/asyncapi.yaml")
