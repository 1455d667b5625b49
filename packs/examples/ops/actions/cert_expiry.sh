#!/usr/bin/env bash
# One JSON object per line and target. stdin: targets='["a.pem","host:443"]' warn_days='30' ...
set -u
eval "$(cat)"
worst=0

# The argument as a JSON string. Control characters have no place in a subject or a message.
quoted() {
    local text=${1//\\/\\\\}
    text=${text//\"/\\\"}
    printf '"%s"' "$(printf '%s' "$text" | tr -d '\000-\037')"
}

failed() {
    printf '{"target": %s, "status": "error", "message": %s}\n' "$(quoted "$1")" "$(quoted "$2")"
    worst=1
}

certificate() {
    case $1 in
        */* | *.pem | *.crt | *.cer) cat -- "$1" ;;
        *) timeout "$connect_seconds" openssl s_client -connect "$1" -servername "${1%:*}" </dev/null 2>/dev/null ;;
    esac
}

check() {
    local target=$1 pem end subject seconds days status=ok
    pem=$(certificate "$target" 2>/dev/null)
    if ! end=$(printf '%s\n' "$pem" | openssl x509 -noout -enddate 2>/dev/null); then
        failed "$target" "no certificate could be read"
        return
    fi

    subject=$(printf '%s\n' "$pem" | openssl x509 -noout -subject -nameopt RFC2253)
    seconds=$(date -u -d "${end#notAfter=}" +%s)
    days=$(((seconds - $(date -u +%s)) / 86400))
    if ((seconds <= $(date -u +%s))); then
        status=expired
    elif ((days <= warn_days)); then
        status=expiring
    fi
    [ "$status" = ok ] || worst=1
    printf '{"target": %s, "status": "%s", "subject": %s, "not_after": "%s", "days_left": %d}\n' \
        "$(quoted "$target")" "$status" "$(quoted "${subject#subject=}")" "$(date -u -d "@$seconds" +%Y-%m-%dT%H:%M:%SZ)" "$days"
}

# The schema keeps quotes, backslashes, commas and blanks out of targets, so this takes the JSON list apart.
while IFS= read -r target; do
    [ -n "$target" ] && check "$target"
done < <(printf '%s' "$targets" | sed 's/^\[//; s/\]$//' | tr -d '" ' | tr ',' '\n'; echo)

if [ "$fail_when_expiring" = true ]; then
    exit "$worst"
fi
