eval "$(cat)"
case $(cat "$directory/$service") in
    *broken*) echo "$service does not answer" >&2; exit 1 ;;
esac
