#!/bin/sh
# Makes what deploy/compose.yml wants once, and leaves what is there as it is:
# - deploy/secrets/SERVICE_TOKEN, by which services know each other
# - the first key, with role ADMIN, which is shown once; its hash is in the volume that the gateway reads
set -eu
cd "$(dirname "$0")"

# Nobody else on this machine gets into the folder. The file itself is for all: the containers' user is another than ours.
if [ ! -e secrets/SERVICE_TOKEN ]; then
  mkdir -p -m 0700 secrets
  (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > secrets/SERVICE_TOKEN.new)
  chmod 0444 secrets/SERVICE_TOKEN.new
  mv secrets/SERVICE_TOKEN.new secrets/SERVICE_TOKEN
  echo 'secrets: made deploy/secrets/SERVICE_TOKEN' >&2
fi

if ! docker compose -f compose.yml run --rm --no-deps -T --entrypoint test key -s /data/keys.json; then
  docker compose -f compose.yml run --rm --no-deps -T key --name admin --role ADMIN
fi
