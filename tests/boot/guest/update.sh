#!/bin/busybox sh
# A workload that updates its host to the packages on the state partition, once.
PATH=/usr/bin:/bin
[ -e /data/new/predicted ] && exit 0
log=/sys/kernel/security/tpm0/binary_bios_measurements
mount -o remount,rw /esp &&
    trueboot-pkg update --esp /esp /data/new/*.tbp &&
    trueboot-pkg predict --esp /esp --log $log --json >/data/new/predicted &&
    mount -o remount,ro /esp && busybox sync &&
    echo "update: done" >/dev/console
