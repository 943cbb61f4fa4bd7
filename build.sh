#!/usr/bin/env bash
# Runs a target of build.cake: ./build.sh TARGET [ARGUMENT...]. Without a target it lists them all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

if ! command -v dotnet >/dev/null; then
    echo "build.sh needs the .NET SDK that global.json names (https://dotnet.microsoft.com/download)." >&2
    echo "The C core builds without it: cmake --preset linux-x64 && cmake --build --preset linux-x64" >&2
    exit 1
fi

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet tool restore --verbosity quiet >/dev/null
case "${1:-help}" in
    -h | --help | help) exec dotnet cake --showdescription ;;
    # Compiles build.cake and prints what "test" would run.
    --dryrun) exec dotnet cake --dryrun --target=test ;;
esac

# CMake cannot use what it has made of other sources, for example before this folder was copied.
for cache in build/*/CMakeCache.txt; do
    made=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$cache" 2>/dev/null || true)
    if [ -n "$made" ] && [ ! "$made" -ef . ]; then
        echo "${cache%/CMakeCache.txt} was made in $made and cannot be used in $PWD: please delete the folder build." >&2
        exit 1
    fi
done
exec dotnet cake --target="$1" ${2:+"--arguments=$(printf '%s\n' "${@:2}")"}
