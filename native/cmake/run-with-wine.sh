#!/bin/sh
# SPDX-License-Identifier: MIT
# run-with-wine.sh PROGRAM [ARGUMENT...] runs a Windows program, with Wine's own folder in build/wine.
# run-with-wine.sh --start makes that folder and starts Wine's server, before tests whose time is limited.
root=$(cd "$(dirname "$0")/../.." && pwd)
export WINEPREFIX="${WINEPREFIX:-$root/build/wine}" WINEDEBUG="${WINEDEBUG:--all}"

# The server ends when nobody has used it for a while; else it would list, below the results of tests, what programs
# left open. Status 2: it runs already.
if [ "$1" = --start ]; then
    mkdir -p "$WINEPREFIX"
    wineserver -p60 >/dev/null 2>&1 || [ $? = 2 ] || exit 1
    exec wineboot --update
fi

# With this profiler .NET survives exceptions in Wine 8: native/tests/wine_frames.c. Wine does not get on with memory that
# is mapped twice, which is what the last variable is about.
export CORECLR_ENABLE_PROFILING=1 CORECLR_PROFILER='{00000000-0000-0000-0000-000000000000}'
CORECLR_PROFILER_PATH="Z:$(echo "$root/build/win-x64-mingw/lib/wine_frames.dll" | tr / '\\')"
export CORECLR_PROFILER_PATH DOTNET_EnableWriteXorExecute=0

# The output goes through a file: Wine's background programs inherit what the first program of a session writes to, and
# whoever reads a pipe to its end would wait for them, too.
output=$(mktemp)
trap 'rm -f "$output"' EXIT
wine "$@" >"$output" 2>&1 &
tail -n +1 -s 0.05 -f --pid=$! "$output"
wait $!
