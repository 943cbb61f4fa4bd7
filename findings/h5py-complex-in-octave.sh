#!/bin/sh
# SPDX-License-Identifier: MIT
#
# GNU Octave 7.3.0 (Debian 12, octave 7.3.0-2); files of h5py 3.7.0 (python3-h5py 3.7.0-8)
#
# What one would expect: h5py writes complex samples as a compound of two floats, r and i. HDF5 has no complex type (before 2.0),
# so programs agree on names; one that expects others, as Octave does (real, imag), refuses the data set, as it does with a
# compound of two integers, or reads it by order.
#
# What happens: Octave takes every compound of two equal floats for complex, whatever the fields are called, but copies only
# real and imag. Of h5py's r and i neither fits, so every sample is read as 0 + 0i: right class, right shape, no warning, exit
# status 0. A table of times and gains is read as complex zeros, too. With the fields named real and imag the samples
# are right (h5py.get_config().complex_names).
#
# Seen:
#   r, i: complex double, 0+0i 0+0i
#   real, imag: complex double, 1+2i 3+4i
#   time, gain: complex double, 0+0i 0+0i
#   integers r, i: warning: load: can't read 'integers' (unknown datatype)
#   exit status 0
set -eu
apt-get install -y -q --no-install-recommends octave=7.3.0-2 python3-h5py=3.7.0-8 >/dev/null 2>&1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
/usr/bin/python3 - <<'PYTHON'
import h5py
import numpy as np

samples = np.array([1 + 2j, 3 + 4j], "<c8")
with h5py.File("heap.h5", "w") as file:
    file["samples"] = samples
    file["integers"] = np.array([(1, 2), (3, 4)], [("r", "i1"), ("i", "i1")])
    file["gains"] = np.array([(100, 1.5), (101, 1.75)], [("time", "<f8"), ("gain", "<f8")])
    h5py.get_config().complex_names = ("real", "imag")
    file["renamed"] = samples
PYTHON
cat >read.m <<'OCTAVE'
heap = load("-hdf5", "heap.h5");
function show(what, x)
  kind = {"real", "complex"}{1 + iscomplex(x)};
  printf("%s: %s %s,%s\n", what, kind, class(x), sprintf(" %d%+di", [real(x); imag(x)]));
end
show("r, i", heap.samples)
show("real, imag", heap.renamed)
show("time, gain", heap.gains)
OCTAVE
{
    status=0
    octave-cli -q --no-init-file read.m >read.out 2>read.err || status=$?
    cat read.out
    sed -n "s/^warning: load/integers r, i: &/p" read.err
    echo "exit status $status"
} | tee seen
cat >expected <<'EXPECTED'
r, i: complex double, 0+0i 0+0i
real, imag: complex double, 1+2i 3+4i
time, gain: complex double, 0+0i 0+0i
integers r, i: warning: load: can't read 'integers' (unknown datatype)
exit status 0
EXPECTED
diff expected seen
