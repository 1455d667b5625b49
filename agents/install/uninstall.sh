#!/bin/sh
# Removes attune-agent from this host. Keeps its settings and state unless --purge says otherwise.
set -eu

usage() {
    cat <<'END'
uninstall.sh [flags]

  --purge       also removes settings, identity, spool (results not yet reported are lost), caches and the user
  --root DIR    what install.sh --root DIR installed
  --dry-run     says what would be done and does nothing
END
}

root='' purge='' dry=''
while [ $# -gt 0 ]; do
    case $1 in
        --purge) purge=yes ;;
        --dry-run) dry=yes ;;
        --root) [ $# -ge 2 ] || { echo 'uninstall.sh: --root needs a value' >&2; exit 1; }; root=${2%/}; shift ;;
        -h | --help) usage; exit 0 ;;
        *) printf 'uninstall.sh: unknown flag %s; see --help\n' "$1" >&2; exit 1 ;;
    esac
    shift
done

if [ -z "$root" ] && [ -z "$dry" ] && [ "$(id -u)" -ne 0 ]; then
    echo 'uninstall.sh: run it as root, or with --root DIR or --dry-run' >&2
    exit 1
fi

run() {
    if [ -n "$dry" ]; then
        printf 'would run: %s\n' "$*"
    else
        "$@"
    fi
}

if [ -z "$root" ] && [ -d /run/systemd/system ] && [ -f /etc/systemd/system/attune-agent.service ]; then
    # Stopping drains: it may take as long as the unit's TimeoutStopSec.
    run systemctl disable --now attune-agent.service
fi
run rm -f "$root/etc/systemd/system/attune-agent.service" "$root/usr/local/bin/attune-agent"
if [ -z "$root" ] && [ -d /run/systemd/system ]; then
    run systemctl daemon-reload
fi

if [ -z "$purge" ]; then
    printf 'Removed. Kept: %s and %s; --purge removes them too.\n' "$root/etc/attune-agent" "$root/var/lib/attune-agent"
    exit 0
fi

run rm -rf "$root/etc/attune-agent" "$root/var/lib/attune-agent"
if [ -z "$root" ] && getent passwd attune-agent > /dev/null; then
    run userdel attune-agent
fi
[ -n "$dry" ] || echo 'Removed with its settings and state.'
