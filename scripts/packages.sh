#!/bin/sh
# Installs the Debian packages that a build or the tests need, and only those that are missing.
# Usage: scripts/packages.sh build|test|pictures
set -eu

build='gcc libc6-dev libssl-dev pkg-config'
case "${1:-}" in
    build) wanted=$build ;;
    test) wanted="$build openssh-server openssh-client openssl python3-venv strace" ;;
    pictures) wanted='python3 chromium-headless-shell fonts-liberation' ;;
    *)
        echo 'usage: scripts/packages.sh build|test|pictures' >&2
        exit 2
        ;;
esac

if ! command -v dpkg-query > /dev/null; then
    echo "packages.sh: this is no Debian; what Debian calls \"$wanted\" must be there already." >&2
    exit 0
fi

missing=''
for package in $wanted; do
    # shellcheck disable=SC2016  # dpkg-query fills in the field
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null) || state=''
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=''
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
        echo "packages.sh: these Debian packages are missing, and there is no sudo. Run as root:" >&2
        echo "    apt-get update && apt-get install -y$missing" >&2
        exit 1
    fi
    as_root=sudo
fi

apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"
}

echo "packages.sh: installing$missing" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# $missing is a list of words.
# shellcheck disable=SC2086
if ! { apt update && apt install -y --no-install-recommends $missing; } > "$log" 2>&1; then
    cat "$log" >&2
    echo "packages.sh: could not install$missing; apt-get says why above." >&2
    exit 1
fi
