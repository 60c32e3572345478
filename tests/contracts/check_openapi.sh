#!/usr/bin/env bash
# Check the OpenAPI documents of the four services: each passes `redocly lint`, and the TypeScript client generated from it compiles.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$here/install_checks.sh"
contract_checks
services=(intake routing provider-contact analytics)
documents=("${services[@]/#/openapi/}")
documents=("${documents[@]/%/.json}")
configurations=("${documents[@]/#openapi/clients}")
missing() { echo "$1"; [ "${CI:-}" = true ] && exit 1; exit 0; }
quietly() { "$@" >"$work/output" 2>&1 || { cat "$work/output"; exit 1; }; }

rm -rf "$work/openapi" "$work/clients"
(cd "$top" && .venv/bin/python -m tests.contracts.openapi_documents "$work/openapi")
cp "$here/redocly.yaml" "$work/"
cd "$work"
quietly env REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true node_modules/.bin/redocly lint --config redocly.yaml "${documents[@]}"

command -v java >/dev/null || missing "the generated clients need Java (Debian: apt-get install default-jre-headless)"
if ! cmp -s "$here/pom.xml" "$work/generator.pom"; then
  command -v mvn >/dev/null || missing "the generator of clients comes by Maven (Debian: apt-get install maven)"
  rm -rf "$work/generator"
  quietly mvn -q -B -f "$here/pom.xml" dependency:copy -DoutputDirectory="$work/generator"
  cp "$here/pom.xml" "$work/generator.pom"
fi
mkdir clients
for service in "${services[@]}"; do
  echo "{\"inputSpec\": \"openapi/$service.json\", \"generatorName\": \"typescript-fetch\", \"outputDir\": \"clients/$service\"}" >"clients/$service.json"
done
# One thread: the generator shares a map between the documents and fails now and then with more.
quietly java -XX:TieredStopAtLevel=1 -Dlog.level=error -jar generator/openapi-generator-cli.jar batch --threads 1 --fail-fast "${configurations[@]}"
cp "$here/tsconfig.json" clients/
sed -n '/^```ts$/,/^```$/p' "$top/docs/integration/calls.md" | sed '/^```/d' >clients/example.ts  # the one that integrators read
quietly node_modules/.bin/tsc -p clients
echo "OpenAPI documents of ${services[*]}: valid; their TypeScript clients compile"
