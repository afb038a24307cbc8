#!/bin/sh
# systemd-sandbox.sh DIRECTORY CHECKOUT: a service manager of systemd that is nobody's but a test's. It sees the machine's
# files, CHECKOUT among them, and may write to none but those in DIRECTORY; its processes, its mounts and its units are its
# own, and end with it.
# To be started by `unshare --mount --pid --fork --kill-child --mount-proc`, as root. Says `ready` when it is.
set -eu
directory=$1 checkout=$2

mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/kept /run/checkout /run/systemd/system /run/units /run/manager
mount --bind "$directory" /run/kept
mount --bind "$checkout" /run/checkout
for hidden in /tmp /var/tmp /dev/shm; do mount -t tmpfs tmpfs "$hidden"; done
mkdir -p "$directory"
mount --bind /run/kept "$directory"
if [ ! -e "$checkout" ]; then # it lies where others are hidden
  mkdir -p "$checkout"
  mount --bind /run/checkout "$checkout"
  mount -o remount,bind,ro "$checkout"
fi
mount -o remount,bind,ro /
if (: >/usr/systemd-sandbox) 2>/dev/null; then
  echo 'the file system of the machine could not be protected' >&2
  exit 1
fi

# No unit of the machine is known to it, and none makes or cleans any files.
for target in basic default shutdown; do
  printf '[Unit]\nDefaultDependencies=no\n' >"/run/units/$target.target"
done
export XDG_RUNTIME_DIR=/run/manager HOME=/run/manager SYSTEMD_UNIT_PATH="/run/units:$directory/units"
export SYSTEMD_GENERATOR_PATH=/run/none SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/run/none
/lib/systemd/systemd --user --unit=default.target </dev/null >"$directory/systemd.log" 2>&1 &
until [ -S /run/manager/systemd/private ]; do
  kill -0 $! || exit 1
  sleep 0.05
done
echo ready
wait
