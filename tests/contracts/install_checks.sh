# Sourced by the contract checks: installs their Node packages from the lock beside this file into .run/contracts, once for each lock.
contract_checks() {  # sets `work`, the folder of the packages; ends the script if Node is missing
  work="$top/.run/contracts"
  command -v npm >/dev/null || { echo "the contract checks need Node with npm (Debian: apt-get install npm)"; [ "${CI:-}" = true ] && exit 1; exit 0; }
  mkdir -p "$work"
  if ! cmp -s "$here/package-lock.json" "$work/installed"; then
    cp "$here/package.json" "$here/package-lock.json" "$work/"
    (cd "$work" && npm ci --silent --no-audit --no-fund && cp package-lock.json installed)
  fi
}
