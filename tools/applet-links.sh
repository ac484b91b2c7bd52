#!/bin/sh
# Prints ramfs list lines that link every applet of a busybox in /sys/bin. The names come from the
# binary's own table, so that it need not run on this host.
set -eu
busybox=$1
if ! names=$("$busybox" --list 2>/dev/null); then
    # The table is a run of NUL-separated names that starts with "[" and "[[".
    names=$(tr '\0' '\n' < "$busybox" | awk '
        /^\[$/ { inside = 1 }
        inside && !/^[a-zA-Z0-9_.\[-]+$/ { exit }
        inside { print }')
fi
for name in $names; do
    case $name in
        init | linuxrc | busybox) ;; # Astra has its own init
        *) echo "symlink /sys/bin/$name 0777 0 0 busybox" ;;
    esac
done
