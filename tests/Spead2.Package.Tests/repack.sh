#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Packs two clones of the last commit in two folders, and compares the bytes: repack.sh FOLDER-OF-THE-PACKAGES
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
clones=(one the-other/one)

for clone in "${clones[@]}"; do
    git clone --quiet --no-hardlinks . "$scratch/$clone"
    (cd "$scratch/$clone" && ./build.sh pack)
    (cd "$scratch/$clone/$1" && sha256sum ./*) >"$scratch/${clone%%/*}.sums"
done
cat "$scratch/one.sums"
if ! diff "$scratch/one.sums" "$scratch/the-other.sums"; then
    echo "The packages differ." >&2
    exit 1
fi
echo "All $(wc -l <"$scratch/one.sums") packages are the same."
