#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Generates the C# bindings from the C headers and shows what changed; see docs/bindings.md. The generator is the program
# that SPEAD2_CLANGSHARP names, or the tool that .config/dotnet-tools.json pins. clangsharp.rsp holds paths from the root,
# where a tool of that manifest cannot be started, so the tool gets a folder of its own; it comes without clang's headers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ -n "${SPEAD2_CLANGSHARP:-}" ]; then
    generator=("$SPEAD2_CLANGSHARP")
else
    version=$(sed -n 's/.*"version": "\(.*\)".*/\1/p' bindings/.config/dotnet-tools.json)
    folder="artifacts/tools/clangsharppinvokegenerator-$version"
    [ -d "$folder" ] || dotnet tool install ClangSharpPInvokeGenerator --version "$version" --tool-path "$folder"
    generator=("$folder/ClangSharpPInvokeGenerator" --include-directory "$(clang-14 -print-resource-dir)/include")
fi

generated=(bindings/Spead2.Bindings/Generated tests/Spead2.Bindings.Tests/Generated)
"${generator[@]}" @bindings/clangsharp.rsp

# The statistics of C# come from the same headers, by a test.
generated+=(managed/Spead2/Receive/Statistics.Generated.cs)
SPEAD2_WRITE_STATISTICS=1 dotnet test tests/Spead2.Bindings.Tests --configuration Release --nologo \
    --filter FullyQualifiedName~StatisticsTests
git add --intent-to-add -- "${generated[@]}"
git diff --exit-code -- "${generated[@]}"
