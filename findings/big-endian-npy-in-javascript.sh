#!/bin/sh
# SPDX-License-Identifier: MIT
#
# npyjs 1.2.0 and numpy-parser 1.2.3 (npm), which read .npy files in a browser; files of numpy 1.24.2 (Debian 12)
#
# What one would expect: correlators send in network byte order, and numpy.save keeps it ('>f4' in the header), so a reader
# of .npy files swaps the bytes, or says that it does not.
#
# What happens: npyjs refuses such files by name. numpy-parser knows no big-endian and no complex type, and instead of
# saying so stumbles over a variable of its own that does not exist. npyjs gives complex64 as a flat array with twice as
# many numbers as the shape says.
#
# Seen:
#   npyjs big_endian: Unsupported dtype: >f4
#   npyjs complex: shape 3, 6 numbers
#   numpy-parser big_endian: ReferenceError: dtype is not defined
#   numpy-parser complex: ReferenceError: dtype is not defined
#   numpy-parser little_endian: shape 2,3, 6 numbers
set -eu
apt-get install -y -q python3-numpy=1:1.24.2-1+deb12u1 >/dev/null 2>&1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund npyjs@1.2.0 numpy-parser@1.2.3 >/dev/null 2>&1
/usr/bin/python3 - <<'PYTHON'
import numpy as np

np.save("big_endian.npy", np.arange(6, dtype=">f4").reshape(2, 3))
np.save("little_endian.npy", np.arange(6, dtype="<f4").reshape(2, 3))
np.save("complex.npy", np.array([1 + 2j, 3 + 4j, 5 + 6j], "<c8"))
PYTHON
cat >read.mjs <<'JAVASCRIPT'
import fs from "fs";
import npyjs from "npyjs";
import * as numpyParser from "numpy-parser";

const readers = {
    "npyjs": bytes => new npyjs().parse(bytes),
    "numpy-parser": bytes => numpyParser.fromArrayBuffer(bytes),
};
for (const [reader, read] of Object.entries(readers)) {
    for (const name of ["big_endian", "complex", "little_endian"]) {
        const file = fs.readFileSync(name + ".npy");
        try {
            const array = read(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
            console.log(`${reader} ${name}: shape ${array.shape}, ${array.data.length} numbers`);
        } catch (error) {
            const kind = error.name === "Error" ? "" : error.name + ": ";
            console.log(`${reader} ${name}: ${kind}${error.message}`);
        }
    }
}
JAVASCRIPT
node read.mjs | tee seen
cat >expected <<'EXPECTED'
npyjs big_endian: Unsupported dtype: >f4
npyjs complex: shape 3, 6 numbers
npyjs little_endian: shape 2,3, 6 numbers
numpy-parser big_endian: ReferenceError: dtype is not defined
numpy-parser complex: ReferenceError: dtype is not defined
numpy-parser little_endian: shape 2,3, 6 numbers
EXPECTED
diff expected seen
