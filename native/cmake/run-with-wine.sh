#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a Windows program. Its output goes through a file: Wine's background programs inherit what the first
# program of a session writes to, and whoever reads a pipe to its end would wait for them, too.
output=$(mktemp)
trap 'rm -f "$output"' EXIT
wine "$@" >"$output" 2>&1 &
tail -n +1 -s 0.05 -f --pid=$! "$output"
wait $!
