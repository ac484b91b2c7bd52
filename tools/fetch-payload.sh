#!/bin/sh
# Fetches Debian packages for the guest (not for the host) and unpacks them below a folder:
#     fetch-payload.sh DIRECTORY ARCHITECTURE PACKAGE...
# apt verifies what it downloads; nothing is installed. The host's own package lists are used where
# they know the packages, else private lists below DIRECTORY.
set -eu
directory=$(mkdir -p "$1" && cd "$1" && pwd)
exec 9>"$directory/.lock"
flock 9 # make may fetch several at once
architecture=$2
shift 2

download_host() {
    [ "$(dpkg --print-architecture)" = "$architecture" ] || return 1
    apt-get download "$@" >/dev/null 2>&1
}

download_private() {
    state=$directory/.apt
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    set -- -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
        -o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::State::status=/dev/null \
        -o Dir::Cache="$state/cache" -o APT::Sandbox::User="$(id -un)" -- "$@"
    options=
    while [ "$1" != -- ]; do options="$options $1"; shift; done
    shift
    # shellcheck disable=SC2086  # a list of options on purpose
    apt-get $options update >&2 && apt-get $options download "$@" >&2
}

work=$directory/.download
rm -rf "$work"
mkdir -p "$work"
cd "$work"
download_host "$@" || download_private "$@"
for package in "$@"; do
    archive=$(ls "$package"_*.deb)
    rm -rf "${directory:?}/$package"
    dpkg-deb -x "$archive" "$directory/$package"
    # Where its source is: part of what the licences ask of us.
    dpkg-deb -f "$archive" Package Version Source > "$directory/$package/source.txt"
done
cd "$directory"
rm -rf "$work"
