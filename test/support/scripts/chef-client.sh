#!/bin/sh
# Stands in for chef-client where there is none: its command line, its configuration and client.d, its run lock, signals,
# words and exit codes as Chef Infra Client 16 to 18 have them. Where that runs a cookbook's recipes/default.rb, this one
# runs the recipes/default.sh beside it.
set -uf
config=/etc/chef/client.rb attributes='' timeout='' child=''
while [ $# -gt 0 ]; do
  case $1 in
  --once | --local-mode) shift ;;
  --config) config=$2 && shift 2 ;;
  --json-attributes) attributes=$2 && shift 2 ;;
  --run-lock-timeout) timeout=$2 && shift 2 ;;
  *) echo "invalid option: $1" >&2 && exit 1 ;;
  esac
done
fatal() { echo "[$(date -u +%Y-%m-%dT%H:%M:%S+00:00)] FATAL: $*"; }
setting() { # NAME: what is said last counts, and client.d is read last
  set +f && sed -n "s/^$1 \"\\(.*\\)\"\$/\\1/p" "$config" "${config%/*}"/client.d/*.rb 2>/dev/null | tail -n 1
}
# shellcheck disable=SC2317 # by the trap
stop() {
  fatal 'SIGINT received, stopping'
  if [ "$child" ]; then kill "$child" && wait "$child"; fi
  exit 2
}
trap stop INT
trap 'exit 3' TERM

case ${CHEF_LICENSE-} in
accept | accept-silent | accept-no-persist) ;;
*) echo 'Chef Infra Client cannot execute without accepting the license' && exit 172 ;;
esac
if [ ! "$(setting chef_repo_path)" ]; then fatal "Configuration error in $config" && exit 43; fi
lock=$(setting file_cache_path)/chef-client-running.pid
exec 9>>"$lock"
if ! flock ${timeout:+-w "$timeout"} 9; then
  holder="Waited $timeout seconds for $(cat "$lock") to release."
  fatal "Chef::Exceptions::RunLockTimeout: Unable to acquire lock. $holder" && exit 1
fi
echo $$ >"$lock"
trap : TERM # a converge that has begun is finished; a command of its own is not kept from ending
# shellcheck disable=SC2034 # the recipe's
node_name=$(setting node_name) environment=$(setting environment)
recipe=$(sed -n 's/.*"recipe\[\(.*\)\]".*/\1/p' "$attributes")
# shellcheck source=/dev/null
. "$(setting chef_repo_path)/cookbooks/$recipe/recipes/default.sh"
exit 0
