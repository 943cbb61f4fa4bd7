#!/bin/sh
# SPDX-License-Identifier: MIT
#
# netCDF 4.9.0 (Debian 12, netcdf-bin 1:4.9.0-3+b1: ncdump, nccopy); files of h5py 3.7.0 (python3-h5py 3.7.0-8)
#
# What one would expect: netCDF opens HDF5 files of others, and shows or refuses each data set. A compound type that is stored in
# the file under a name (committed) is netCDF's own way of storing compounds, so complex samples of that type are read.
#
# What happens: complex samples as h5py writes them, with the type inside the data set, are left out: ncdump lists a file without
# them, nccopy makes a copy without them, both with exit status 0 and no message. (That netCDF skips such types is known; versions
# after this one read them.) With a committed type it depends on the names: netCDF goes through the file in alphabetical order,
# unless the file tracks the order of creation, and leaves out each data set in front of its type. So "samples" of type
# "complex64" is read, "baselines" of the same type is not. Once it has met the type, it also reads data sets that do not
# refer to it, but contain an equal one.
#
# Seen:
#   type within the data set, ncdump: power
#   type within the data set, nccopy: exit status 0, copied power
#   committed complex64, ncdump: power samples
#   committed complex64, tracked order, ncdump: baselines samples power
#   committed complex64, samples with an own type, ncdump: power samples
set -eu
apt-get install -y -q netcdf-bin=1:4.9.0-3+b1 python3-h5py=3.7.0-8 >/dev/null 2>&1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
/usr/bin/python3 - <<'PYTHON'
import h5py
import numpy as np

samples = np.array([1 + 2j, 3 + 4j], "<c8")


def write(name, commit, refer=True, **options):
    with h5py.File(name, "w", **options) as file:
        if commit:
            file["complex64"] = samples.dtype
        data_type = file["complex64"] if commit and refer else samples.dtype
        for data_set in ("baselines", "samples"):
            file.create_dataset(data_set, data=samples, dtype=data_type)
        file["power"] = np.abs(samples)


write("within.h5", commit=False)
write("committed.h5", commit=True)
write("tracked.h5", commit=True, track_order=True)
write("equal.h5", commit=True, refer=False)
PYTHON

variables() { # the names of the variables that ncdump lists, in its order
    echo $(ncdump -h "$1" | sed -n 's/^\t[a-z0-9]* \([a-z]*\)(.*/\1/p')
}

{
    echo "type within the data set, ncdump: $(variables within.h5)"
    status=0
    nccopy within.h5 copy.nc >copy.out 2>&1 || status=$?
    cat copy.out
    echo "type within the data set, nccopy: exit status $status, copied $(variables copy.nc)"
    echo "committed complex64, ncdump: $(variables committed.h5)"
    echo "committed complex64, tracked order, ncdump: $(variables tracked.h5)"
    echo "committed complex64, samples with an own type, ncdump: $(variables equal.h5)"
} | tee seen
cat >expected <<'EXPECTED'
type within the data set, ncdump: power
type within the data set, nccopy: exit status 0, copied power
committed complex64, ncdump: power samples
committed complex64, tracked order, ncdump: baselines samples power
committed complex64, samples with an own type, ncdump: power samples
EXPECTED
diff expected seen
