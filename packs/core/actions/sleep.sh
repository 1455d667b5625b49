#!/usr/bin/env bash
# stdin: seconds='1.5'
set -eu
eval "$(cat)"
# In place of the shell, so that a signal meant for the sleep reaches it.
exec sleep "$seconds"
