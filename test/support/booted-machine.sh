#!/bin/sh
# booted-machine.sh DIRECTORY: this machine's own Debian, started by its systemd as a machine of its own. What it writes lies
# in memory, beginning with what DIRECTORY/files holds, and is gone with it; it has no network and no process of this machine.
# To be started by `unshare --mount --fork --kill-child`, as root.
set -eu
directory=$1

mount --make-rprivate /
mkdir "$directory/over"
mount -t tmpfs tmpfs "$directory/over"
cd "$directory/over"
mkdir upper work root
cp -R "$directory/files/." upper
# Where this machine was made from an image, packages may be forbidden to start their services here, and are not there.
mkdir -p upper/usr/sbin
printf '#!/bin/sh\nexit 0\n' >upper/usr/sbin/policy-rc.d
chmod 755 upper/usr/sbin/policy-rc.d
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
exec systemd-nspawn --quiet --register=no --keep-unit --private-network --machine=signalbox-test --console=pipe \
  --directory=root --boot -- --unit=basic.target </dev/null >"$directory/boot.log" 2>&1
