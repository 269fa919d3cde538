#!/usr/bin/env bash
# Installs the programs that the tests start, where they are missing: a PostgreSQL server, psql, PgBouncer, an S3 server (Ceph's radosgw
# with the two daemons that it stores to), git, Python and the like.
# Only the programs: no cluster is made, no service is started or enabled. Where everything is there, nothing is touched.
set -euo pipefail

has_postgres_server() {
  local folder
  for folder in /usr/lib/postgresql/*/bin; do
    [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && return 0
  done
  command -v initdb >/dev/null && command -v postgres >/dev/null
}

has_program() { # name
  command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]
}

has_library() { # name
  PATH=$PATH:/usr/sbin:/sbin ldconfig -p | grep "^[[:space:]]*$1 " >/dev/null
}

missing=()
has_postgres_server || missing+=(postgresql)
has_program psql || missing+=(postgresql-client)
has_program pgbouncer || missing+=(pgbouncer)
has_program git || missing+=(git)
has_program setpriv || missing+=(util-linux)
has_program unzip || missing+=(unzip)
has_program python3 || missing+=(python3)
has_library libsqlite3.so.0 || missing+=(libsqlite3-0)
has_library libzstd.so.1 || missing+=(libzstd1)
has_program zstd || missing+=(zstd)
has_program jq || missing+=(jq)
has_program radosgw || missing+=(radosgw)
has_program ceph-mon || missing+=(ceph-mon)
has_program ceph-osd || missing+=(ceph-osd)
[ ${#missing[@]} -gt 0 ] || exit 0

give_up() { # reason
  printf '%s\nThe tests need these packages (Debian names), without a running service: %s\n' "$1" "${missing[*]}" >&2
  exit 1
}

command -v apt-get >/dev/null || give_up 'apt-get is not here, so nothing can be installed.'
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || give_up 'This user is not root and sudo is not here, so nothing can be installed.'
  as_root=(sudo)
fi

apt_install() { # packages
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >/dev/null
}

policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.conf
policy_is_ours=false
clusters_before=

# Leaves the machine's own settings as they were, whatever happened on the way.
restore_settings() {
  if $policy_is_ours; then
    "${as_root[@]}" rm -f "$policy"
  fi
  if [ -n "$clusters_before" ]; then
    "${as_root[@]}" cp "$clusters_before" "$clusters"
    rm -f "$clusters_before"
  fi
}
trap restore_settings EXIT

printf 'Installing %s\n' "${missing[*]}" >&2
"${as_root[@]}" apt-get update -q >/dev/null || give_up 'apt-get update failed.'

# Packages start their services when they are installed, unless this file says no.
if [ ! -e "$policy" ]; then
  policy_is_ours=true
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi

# The server's package makes a cluster when it is installed, unless the common package's settings say no.
if ! has_postgres_server; then
  apt_install postgresql-common || give_up 'apt-get install failed.'
  clusters_before=$(mktemp)
  cp "$clusters" "$clusters_before"
  printf '\ncreate_main_cluster = false\n' | "${as_root[@]}" tee -a "$clusters" >/dev/null
fi

apt_install "${missing[@]}" || give_up 'apt-get install failed.'

# Nor at the next start of the machine.
for package in "${missing[@]}"; do
  case $package in
    postgresql | pgbouncer | radosgw | ceph-mon | ceph-osd) "${as_root[@]}" update-rc.d "$package" disable >/dev/null 2>&1 || true ;;
  esac
done
