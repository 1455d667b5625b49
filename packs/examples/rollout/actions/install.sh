# Says what was there before, so that a workflow can go back to it.
eval "$(cat)"
mkdir -p "$directory"
previous=$(cat "$directory/$service" 2>/dev/null || echo none)
printf '%s' "$version" > "$directory/$service.next"
mv "$directory/$service.next" "$directory/$service"
printf '{"previous": "%s"}\n' "$previous"
