#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Keeps the headers as those of the release, and client.c compiled against them; docs/abi.md says when. Needs the C core
# in build/linux-x64.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
rm -rf include
mkdir -p include/spead2core
cp ../../include/spead2core/*.h include/spead2core/
cd ..
gcc -std=c11 -O2 -D_GNU_SOURCE -I released/include -I . -s -o released/client-linux-x64 \
    released/client.c receiver.c packet_builder.c test.c -L ../../build/linux-x64/lib -lspead2core
