#!/bin/sh
# Makes what deploy/stack.yml wants of a swarm, and leaves what is there as it is. Run on a manager:
#   deploy/swarm-init.sh [<node>]     the node that keeps the data; this one if it is not said
# - labels of the node that keeps the data of MongoDB, Redis and Consul
# - the secret by which services know each other
# - the keys of apps: a first one, with role ADMIN, is shown once; the file of their hashes stays here to add others
set -eu

image=${TRIBUTARY_IMAGE:-tributary:latest}
token=${SERVICE_TOKEN_SECRET:-tributary_service_token}
keys=${API_KEYS_SECRET:-tributary_api_keys}
file=${API_KEYS_FILE:-keys.json}
node=${1:-$(docker info --format '{{.Swarm.NodeID}}')}

say() { echo "swarm-init: $*" >&2; }
has_secret() { docker secret inspect "$1" >/dev/null 2>&1; }

docker node ls >/dev/null || { say 'this is no manager of a swarm'; exit 1; }

for server in mongo redis consul; do
  if [ -z "$(docker node ls --quiet --filter "node.label=tributary.$server=true")" ]; then
    docker node update --label-add "tributary.$server=true" "$node" >/dev/null
    say "node $node keeps the data of $server"
  fi
done

if ! has_secret "$token"; then
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n' | docker secret create "$token" - >/dev/null
  say "made the secret $token"
fi

if ! has_secret "$keys"; then
  if [ ! -e "$file" ]; then
    folder=$(cd "$(dirname "$file")" && pwd)
    docker run --rm --network none --user "$(id -u):$(id -g)" --volume "$folder:/keys" "$image" \
      key --name admin --role ADMIN --file "/keys/$(basename "$file")"
  fi
  docker secret create "$keys" "$file" >/dev/null
  say "made the secret $keys of $file"
fi
