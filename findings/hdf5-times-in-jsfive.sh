#!/bin/sh
# SPDX-License-Identifier: MIT
#
# jsfive 0.4.2 and h5wasm 0.10.3 (npm), which show HDF5 files in a browser; files of h5py 3.7.0 (Debian 12)
#
# What one would expect: a data set of 64-bit integers is read exactly, or refused; what a telescope writes all day, complex
# samples, is read or refused with a message.
#
# What happens: jsfive gives 64-bit integers as JavaScript numbers, so that a time stamp in nanoseconds since 1970 comes
# out rounded to a multiple of 256, without a word. For complex data, which h5py stores as a compound of r and i, it throws
# a string, which is no error object. h5wasm reads both exactly; but its dtype names the byte order in the file (">f") of
# values that it has already brought into that of the machine, so whoever swaps by it gets wrong ones. It does not read
# float16, which jsfive does.
#
# Seen:
#   jsfive time 1700000000123456800 (written 1700000000123456789)
#   jsfive complex throws string
#   jsfive half 1,2,3
#   h5wasm time 1700000000123456789
#   h5wasm big-endian dtype >f values 1,2,3
#   h5wasm complex [[1,2],[3,4]]
#   h5wasm half Float16 not supported
set -eu
apt-get install -y -q python3-h5py=3.7.0-8 python3-numpy >/dev/null 2>&1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund jsfive@0.4.2 h5wasm@0.10.3 >/dev/null 2>&1
/usr/bin/python3 - <<'PYTHON'
import h5py
import numpy as np

with h5py.File("capture.h5", "w") as file:
    file["time"] = np.array([1700000000123456789], "<u8")
    file["complex"] = np.array([1 + 2j, 3 + 4j], "<c8")
    file["half"] = np.arange(1, 4, dtype="<f2")
    file["big_endian"] = np.arange(1, 4, dtype=">f4")
PYTHON
cat >read.mjs <<'JAVASCRIPT'
import fs from "fs";
import * as jsfive from "jsfive";
import h5wasm from "h5wasm/node";

const bytes = fs.readFileSync("capture.h5");
const first = new jsfive.File(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), "capture.h5");
console.log("jsfive time", String(first.get("time").value[0]));
try {
    console.log("jsfive complex", JSON.stringify(first.get("complex").value));
} catch (error) {
    console.log("jsfive complex throws", typeof error);
}
console.log("jsfive half", String(first.get("half").value));
await h5wasm.ready;
const second = new h5wasm.File("capture.h5", "r");
console.log("h5wasm time", String(second.get("time").value[0]));
console.log("h5wasm big-endian dtype", second.get("big_endian").dtype, "values", String(second.get("big_endian").value));
console.log("h5wasm complex", JSON.stringify(second.get("complex").value));
try {
    console.log("h5wasm half", String(second.get("half").value));
} catch (error) {
    console.log("h5wasm half", error.message);
}
JAVASCRIPT
node read.mjs | tee seen
cat >expected <<'EXPECTED'
jsfive time 1700000000123456800
jsfive complex throws string
jsfive half 1,2,3
h5wasm time 1700000000123456789
h5wasm big-endian dtype >f values 1,2,3
h5wasm complex [[1,2],[3,4]]
h5wasm half Float16 not supported
EXPECTED
diff expected seen
