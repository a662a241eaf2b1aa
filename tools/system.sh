#!/usr/bin/env bash
# Sees to it that the programs are there which tests start themselves: PostgreSQL, and a screen that
# nobody looks at. Runs none of them.
set -euo pipefail

shopt -s nullglob
debian=(/usr/lib/postgresql/*/bin/initdb)
missing=()
if ! ((${#debian[@]})) && ! command -v initdb > /dev/null; then
  missing+=(postgresql)
fi
if ! command -v Xvfb > /dev/null; then
  missing+=(xvfb)
fi
((${#missing[@]})) || exit 0

# Debian's PostgreSQL would make a cluster and start it; the tests need the programs alone.
install() {
  local settings=/etc/postgresql-common/createcluster.d
  mkdir -p "$settings"
  trap 'rm -f "$settings/milepost.conf"' RETURN
  echo "create_main_cluster = false" > "$settings/milepost.conf"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -qq --yes --no-install-recommends "$@" > /dev/null
}

if [[ $EUID != 0 ]] || ! command -v apt-get > /dev/null || ! install "${missing[@]}"; then
  echo "Not installed: ${missing[*]}; \`apt-get install ${missing[*]}\` gets them. Their tests are skipped." >&2
fi
