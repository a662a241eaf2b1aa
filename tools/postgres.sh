#!/usr/bin/env bash
# Sees to it that PostgreSQL is installed, for the tests that start a server of their own. Runs none.
set -euo pipefail

shopt -s nullglob
debian=(/usr/lib/postgresql/*/bin/initdb)
if ((${#debian[@]})) || command -v initdb > /dev/null; then
  exit
fi

# Debian's package would make a cluster and start it; the tests need the programs alone.
install() {
  local settings=/etc/postgresql-common/createcluster.d
  mkdir -p "$settings"
  trap 'rm -f "$settings/milepost.conf"' RETURN
  echo "create_main_cluster = false" > "$settings/milepost.conf"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -qq --yes --no-install-recommends postgresql > /dev/null
}

if [[ $EUID != 0 ]] || ! command -v apt-get > /dev/null || ! install; then
  echo "PostgreSQL is not installed; \`apt-get install postgresql\` gets it. Its tests are skipped." >&2
fi
