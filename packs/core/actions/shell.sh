#!/usr/bin/env bash
# stdin: command='...' and perhaps cwd='...', quoted so that no value can end its quotes.
set -eu
cwd=
eval "$(cat)"
if [ -n "$cwd" ]; then
    cd -- "$cwd"
fi
# In place of this shell: exit status and signals are the command's own. /dev/null ends a command that would read input.
exec bash -c "$command" </dev/null
