#!/usr/bin/env bash
# Runs a target of build.cake: ./build.sh TARGET [ARGUMENT...]. Without a target it lists them all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

if ! command -v dotnet >/dev/null; then
    echo "build.sh needs the .NET SDK that global.json names (https://dotnet.microsoft.com/download)." >&2
    echo "The C core builds without it: cmake --preset linux-x64 && cmake --build --preset linux-x64" >&2
    exit 1
fi

target="${1:-help}"
case "$target" in
    -h | --help) target=help ;;
esac

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet tool restore --verbosity quiet
exec dotnet cake --target="$target" ${2:+"--arguments=$(printf '%s\n' "${@:2}")"}
