#!/bin/sh
# SPDX-License-Identifier: MIT
#
# GNU Astronomy Utilities 0.19 (Debian 12, gnuastro 0.19-1+b2); files of astropy 5.2.1 (python3-astropy 5.2.1-2+deb12u1)
#
# What one would expect: a FITS table has an array in each cell where TFORM has a repeat count, such as 4E for the spectrum of an
# antenna; asttable prints it, or says that it reads scalars only. Unsigned integers are signed ones with TZERO, as the FITS
# standard has it, and are read as unsigned. `asttable -i` tells what is in the table.
#
# What happens: from a column 4E asttable takes one number per row, but reads them in sequence from the first cell. Antennas 0,
# 1 and 2 are printed with channels 0, 1 and 2 of antenna 0, without a word; -i shows the column like a scalar one. Unsigned
# 16-bit and 64-bit columns are shown as signed, and a value above the signed range stops the program with an overflow;
# images of the same types are read correctly.
#
# Seen:
#   written: antenna 0 [0. 1. 2. 3.], antenna 1 [100. 101. 102. 103.], antenna 2 [200. 201. 202. 203.]
#   asttable: antenna 0 0.000000, antenna 1 1.000000, antenna 2 2.000000, exit status 0
#   asttable -i: ANTENNA int32, SPECTRUM float32, COUNT int16, TIME int64
#   column COUNT: Numerical overflow during type conversion while reading FITS data.
#   column TIME: Numerical overflow during type conversion while reading FITS data.
#   image COUNT: maximum 65000
#   image TIME: maximum 9223372036854775809
set -eu
apt-get install -y -q --no-install-recommends gnuastro=0.19-1+b2 python3-astropy=5.2.1-2+deb12u1 >/dev/null 2>&1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
/usr/bin/python3 - >written <<'PYTHON'
import numpy as np
from astropy.io import fits

spectra = (100 * np.arange(3)[:, None] + np.arange(4)).astype("f4")
counts = np.array([0, 40000, 65000], "u2")
times = np.array([0, 1700000000123456789, 2 ** 63 + 1], "u8")
fits.BinTableHDU.from_columns([
    fits.Column("ANTENNA", "J", array=np.arange(3)),
    fits.Column("SPECTRUM", "4E", array=spectra),
    fits.Column("COUNT", "I", bzero=2 ** 15, array=counts),
    fits.Column("TIME", "K", bzero=2 ** 63, array=times)]).writeto("table.fits")
fits.PrimaryHDU(counts).writeto("COUNT.fits")
fits.PrimaryHDU(times).writeto("TIME.fits")
print("written:", ", ".join(f"antenna {i} {row}" for i, row in enumerate(fits.getdata("table.fits", 1)["SPECTRUM"])))
PYTHON
{
    cat written
    status=0
    asttable table.fits -cANTENNA,SPECTRUM >out || status=$?
    echo "asttable: $(sed 's/^\([0-9]*\) *\([0-9.]*\) *$/antenna \1 \2,/' out | tr '\n' ' ')exit status $status"
    echo "asttable -i: $(asttable -i table.fits | sed -n 's/^[1-4] *\([A-Z]*\) *n.a *\([a-z0-9]*\) .*/\1 \2/p' | paste -s -d, | sed 's/,/, /g')"
    for column in COUNT TIME; do
        asttable table.fits -c$column >out 2>&1 || true
        echo "column $column: $(grep overflow out | tail -1)"
    done
    for image in COUNT TIME; do
        echo "image $image: maximum $(aststatistics -h0 $image.fits --maximum)"
    done
} | tee seen
cat >expected <<'EXPECTED'
written: antenna 0 [0. 1. 2. 3.], antenna 1 [100. 101. 102. 103.], antenna 2 [200. 201. 202. 203.]
asttable: antenna 0 0.000000, antenna 1 1.000000, antenna 2 2.000000, exit status 0
asttable -i: ANTENNA int32, SPECTRUM float32, COUNT int16, TIME int64
column COUNT: Numerical overflow during type conversion while reading FITS data.
column TIME: Numerical overflow during type conversion while reading FITS data.
image COUNT: maximum 65000
image TIME: maximum 9223372036854775809
EXPECTED
diff expected seen
