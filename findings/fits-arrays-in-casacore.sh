#!/bin/sh
# SPDX-License-Identifier: MIT
#
# python-casacore 3.5.2 (Debian 12, python3-casacore 3.5.2-1+b1) and astropy 5.2.1 (python3-astropy 5.2.1-2+deb12u1)
#
# What one would expect: FITS is big-endian by definition, so astropy gives arrays of dtype '>f4'; casacore writes them into the
# columns of a Measurement Set as it writes other arrays, or says that it wants the machine's byte order.
#
# What happens: every array that is not in the machine's byte order is refused with the text of an assertion in a C++ header,
# for array columns, scalar columns and keywords alike, and nothing is written. The assertion also speaks of contiguous arrays, but a
# strided array in the machine's byte order is written correctly, so only the byte order matters; a single element of the big-endian array
# is written, too. Heaps in network byte order need .astype(dtype.newbyteorder("=")) before they go into a table.
#
# Seen:
#   array cell, as read from FITS: RuntimeError, Failed AlwaysAssert PyArray_ISCONTIGUOUS(po) && !PyArray_ISBYTESWAPPED(po)
#   scalar column, as read from FITS: RuntimeError, (the same)
#   keyword, as read from FITS: RuntimeError, (the same)
#   array cell, every other element, machine's order: 0.0 2.0 4.0
#   one element, as read from FITS: 3.0
#   array cell, converted: 0.0 1.0 2.0 3.0
set -eu
apt-get install -y -q python3-casacore=3.5.2-1+b1 python3-astropy=5.2.1-2+deb12u1 >/dev/null 2>&1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
/usr/bin/python3 - <<'PYTHON' | tee seen
import numpy as np
from astropy.io import fits
from casacore import tables

fits.PrimaryHDU(np.arange(4, dtype="f4")).writeto("image.fits")
image = fits.getdata("image.fits")
print("as read from FITS:", image.dtype)
description = tables.maketabdesc([
    tables.makearrcoldesc("DATA", 0.0, ndim=1, valuetype="float"),
    tables.makescacoldesc("WEIGHT", 0.0, valuetype="float")])
table = tables.table("set.tab", description, nrow=4, ack=False)


def attempt(what, write, read):
    try:
        write()
        print(f"{what}:", *np.atleast_1d(read()))
    except RuntimeError as error:
        print(f"{what}: RuntimeError,", str(error).partition(") ")[2])


def cell():
    return table.getcell("DATA", 0)


def write_cell(array):
    table.putcell("DATA", 0, array)


attempt("array cell, as read from FITS", lambda: write_cell(image), cell)
attempt("scalar column, as read from FITS", lambda: table.putcol("WEIGHT", image), lambda: table.getcol("WEIGHT"))
attempt("keyword, as read from FITS", lambda: table.putkeyword("K", image), lambda: table.getkeyword("K"))
attempt("array cell, every other element, machine's order", lambda: write_cell(np.arange(6, dtype="f4")[::2]), cell)
attempt("one element, as read from FITS",
        lambda: table.putcell("WEIGHT", 0, image[3]), lambda: table.getcell("WEIGHT", 0))
attempt("array cell, converted", lambda: write_cell(image.astype(image.dtype.newbyteorder("="))), cell)
PYTHON
cat >expected <<'EXPECTED'
as read from FITS: >f4
array cell, as read from FITS: RuntimeError, Failed AlwaysAssert PyArray_ISCONTIGUOUS(po) && !PyArray_ISBYTESWAPPED(po)
scalar column, as read from FITS: RuntimeError, Failed AlwaysAssert PyArray_ISCONTIGUOUS(po) && !PyArray_ISBYTESWAPPED(po)
keyword, as read from FITS: RuntimeError, Failed AlwaysAssert PyArray_ISCONTIGUOUS(po) && !PyArray_ISBYTESWAPPED(po)
array cell, every other element, machine's order: 0.0 2.0 4.0
one element, as read from FITS: 3.0
array cell, converted: 0.0 1.0 2.0 3.0
EXPECTED
diff expected seen
