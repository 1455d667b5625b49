#!/bin/sh
# Installs attune-agent on this host. Running it again changes only what is asked for.
set -eu

usage() {
    cat <<'END'
install.sh --server URL [flags]      installs the agent, and joins it when a join token is given

  --server URL             the control plane: https://host:port
  --name NAME              the agent's name (default: this host's)
  --role ROLE              action, sensor or hybrid
  --label K=V              may be repeated
  --slots N                how many runs at once
  --ca-file FILE           PEM of the CA of the server's certificate; copied to /etc/attune-agent/ca.pem
  --join-token-file FILE   where the join token is; - reads standard input. Without it you are asked, on a terminal.
  --binary FILE            the program to install (default: attune-agent beside this script)
  --root DIR               installs below DIR: no user is made and no service is started
  --no-start               installs and does not start
  --dry-run                says what would be done and does nothing
END
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
server='' name='' role='' labels='' slots='' ca_file='' token_file='' root='' dry='' start=yes
binary="$here/attune-agent"
newline='
'

fail() { printf 'install.sh: %s\n' "$1" >&2; exit 1; }

while [ $# -gt 0 ]; do
    case $1 in
        --no-start) start=no; shift; continue ;;
        --dry-run) dry=yes; shift; continue ;;
        -h | --help) usage; exit 0 ;;
        --join-token) fail 'a token in argv is public: use --join-token-file FILE, or - for standard input' ;;
        --server | --name | --role | --label | --slots | --ca-file | --join-token-file | --binary | --root) ;;
        *) fail "unknown flag $1; see --help" ;;
    esac
    [ $# -ge 2 ] || fail "$1 needs a value"
    case $1 in
        --server) server=$2 ;;
        --name) name=$2 ;;
        --role) role=$2 ;;
        --label) labels="$labels$2$newline" ;;
        --slots) slots=$2 ;;
        --ca-file) ca_file=$2 ;;
        --join-token-file) token_file=$2 ;;
        --binary) binary=$2 ;;
        --root) root=${2%/} ;;
    esac
    shift 2
done

bin="$root/usr/local/bin/attune-agent"
etc="$root/etc/attune-agent"
state="$root/var/lib/attune-agent"
unit="$root/etc/systemd/system/attune-agent.service"

[ -f "$binary" ] || fail "there is no program at $binary; give it with --binary FILE"
[ -f "$here/attune-agent.service" ] || fail "attune-agent.service is missing beside this script"
[ -n "$server" ] || [ -f "$etc/config.json" ] || fail '--server URL is missing'
[ -z "$ca_file" ] || [ -f "$ca_file" ] || fail "--ca-file $ca_file does not exist"
if [ -z "$root" ] && [ -z "$dry" ] && [ "$(id -u)" -ne 0 ]; then
    fail 'run it as root, or with --root DIR or --dry-run'
fi

run() {
    if [ -n "$dry" ]; then
        printf 'would run: %s\n' "$*"
    else
        "$@"
    fi
}

# As root without --root the files belong to root and the agent's group; below another root there is no such user.
own() {
    [ -n "$root" ] || run chown "$1" "$2"
}

json_text() {
    printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g'
}

write_config() {
    printf '{\n  "server": "%s"' "$(json_text "$server")"
    [ -z "$name" ] || printf ',\n  "name": "%s"' "$(json_text "$name")"
    [ -z "$role" ] || printf ',\n  "role": "%s"' "$(json_text "$role")"
    [ -z "$slots" ] || printf ',\n  "slots": "%s"' "$(json_text "$slots")"
    [ -z "$ca_file" ] || printf ',\n  "ca_file": "/etc/attune-agent/ca.pem"'
    if [ -n "$labels" ]; then
        printf ',\n  "labels": {'
        comma=''
        printf '%s' "$labels" | while IFS= read -r label; do
            printf '%s "%s": "%s"' "$comma" "$(json_text "${label%%=*}")" "$(json_text "${label#*=}")"
            comma=','
        done
        printf ' }'
    fi
    printf ',\n  "join_token_file": "/etc/attune-agent/join-token"\n}\n'
}

# Through a file of its own mode and a rename: the agent never sees half of it, and others never see it at all.
put() { # target mode owner, content on standard input
    if [ -n "$dry" ]; then
        cat > /dev/null
        printf 'would write: %s (mode %s, %s)\n' "$1" "$2" "$3"
        return
    fi
    rm -f "$1.new"
    (umask 077 && cat > "$1.new")
    chmod "$2" "$1.new"
    own "$3" "$1.new"
    mv -f "$1.new" "$1"
}

read_token() {
    if [ "$token_file" = - ]; then
        IFS= read -r token || true
    elif [ -n "$token_file" ]; then
        [ -f "$token_file" ] || fail "--join-token-file $token_file does not exist"
        IFS= read -r token < "$token_file" || true
    elif [ -t 0 ] && [ -z "$dry" ] && [ ! -f "$state/identity.pem" ]; then
        printf 'Join token (made with: attune join-token create; empty to do it later): ' >&2
        stty -echo
        IFS= read -r token || true
        stty echo
        printf '\n' >&2
    fi
}

if [ -z "$root" ]; then
    nologin=$(command -v nologin || printf /bin/false)
    getent group attune-agent > /dev/null || run groupadd --system attune-agent
    getent passwd attune-agent > /dev/null || run useradd --system --gid attune-agent \
        --home-dir /var/lib/attune-agent --no-create-home --shell "$nologin" attune-agent
fi

run mkdir -p "$root/usr/local/bin" "$etc" "$state" "$root/etc/systemd/system"
run chmod 0750 "$etc"
own root:attune-agent "$etc"
run chmod 0700 "$state"
own attune-agent:attune-agent "$state"

# A running program cannot be written over, but its name can be given to another file.
run cp "$binary" "$bin.new"
run chmod 0755 "$bin.new"
own root:root "$bin.new"
run mv -f "$bin.new" "$bin"

if [ -n "$server" ]; then
    write_config | put "$etc/config.json" 0640 root:attune-agent
fi
if [ -n "$ca_file" ]; then
    put "$etc/ca.pem" 0644 root:root < "$ca_file"
fi
token=''
read_token
if [ -n "$token" ]; then
    printf '%s\n' "$token" | put "$etc/join-token" 0640 root:attune-agent
fi
put "$unit" 0644 root:root < "$here/attune-agent.service"

if [ -z "$root" ] && [ -d /run/systemd/system ]; then
    run systemctl daemon-reload
    run systemctl enable attune-agent.service
    [ "$start" = no ] || run systemctl restart attune-agent.service
    [ -n "$dry" ] || printf 'Installed. See: systemctl status attune-agent; attune-agent status\n'
else
    cat <<'END'
Installed. systemd does not run here, so start the agent as its user yourself:
  setpriv --reuid attune-agent --regid attune-agent --init-groups \
    /usr/local/bin/attune-agent run --config /etc/attune-agent/config.json --state-dir /var/lib/attune-agent
END
fi
