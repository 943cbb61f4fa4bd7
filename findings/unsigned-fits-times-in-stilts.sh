#!/bin/sh
# SPDX-License-Identifier: MIT
#
# STILTS 3.4.7 (Debian 12, stilts 3.4.7-4) and fitsio 1.1.8 (python3-fitsio 1.1.8+dfsg-1+b4); files of astropy 5.2.1
# (python3-astropy 5.2.1-2+deb12u1)
#
# What one would expect: sample counters and time stamps of streams are unsigned 64-bit integers; the FITS standard has them as
# signed ones (TFORM K) with TZERO 2^63. Table tools sort and calculate with them, or refuse the column.
#
# What happens: STILTS reads such a column as text. `sort` then sorts by the alphabet, and adding 1 appends the digit, so that each
# time is ten times as large; neither says anything. (A comparison is refused, its message names String.) It writes the
# column as TZERO 2^63 again, so nothing in the result shows it. fitsio cannot read a table with one such column: the message
# is the number of a type. The other columns must be named one by one.
#
# Seen:
#   stilts sort COUNTER: 1000000000 1700000000123456789 9223372036854775809 999999999
#   stilts sort, signed: 999999999 1000000000 1700000000123456789
#   stilts COUNTER + 1: 9999999991 10000000001 17000000001234567891 92233720368547758091
#   fitsio, table: KeyError 'unsupported BINARY_TBL fits data type: 80'
#   fitsio, GAIN only: [0.0, 1.0, 2.0, 3.0]
set -eu
apt-get install -y -q --no-install-recommends stilts=3.4.7-4 default-jre-headless python3-fitsio=1.1.8+dfsg-1+b4 \
    python3-astropy=5.2.1-2+deb12u1 >/dev/null 2>&1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
/usr/bin/python3 - <<'PYTHON'
import numpy as np
from astropy.io import fits

counter = np.array([999999999, 1000000000, 1700000000123456789, 2 ** 63 + 1], "u8")
fits.BinTableHDU.from_columns([
    fits.Column("COUNTER", "K", bzero=2 ** 63, array=counter),
    fits.Column("GAIN", "E", array=np.arange(4, dtype="f4"))]).writeto("unsigned.fits")
fits.BinTableHDU.from_columns([fits.Column("COUNTER", "K", array=counter[:3].astype("i8"))]).writeto("signed.fits")
PYTHON

column() { # the file and the command of a pipeline: the column COUNTER of the result
    echo $(stilts tpipe "in=$1" "cmd=$2" cmd='keepcols COUNTER' ofmt=csv-noheader)
}

{
    echo "stilts sort COUNTER: $(column unsigned.fits 'sort COUNTER')"
    echo "stilts sort, signed: $(column signed.fits 'sort COUNTER')"
    echo "stilts COUNTER + 1: $(column unsigned.fits 'replacecol COUNTER "COUNTER + 1"')"
    /usr/bin/python3 - <<'PYTHON'
import fitsio

table = fitsio.FITS("unsigned.fits")[1]
try:
    print("fitsio, table:", table.read())
except KeyError as error:
    print("fitsio, table: KeyError", error)
print("fitsio, GAIN only:", table.read(columns=["GAIN"])["GAIN"].tolist())
PYTHON
} | tee seen
cat >expected <<'EXPECTED'
stilts sort COUNTER: 1000000000 1700000000123456789 9223372036854775809 999999999
stilts sort, signed: 999999999 1000000000 1700000000123456789
stilts COUNTER + 1: 9999999991 10000000001 17000000001234567891 92233720368547758091
fitsio, table: KeyError 'unsupported BINARY_TBL fits data type: 80'
fitsio, GAIN only: [0.0, 1.0, 2.0, 3.0]
EXPECTED
diff expected seen
