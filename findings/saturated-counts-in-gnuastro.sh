#!/bin/sh
# SPDX-License-Identifier: MIT
#
# GNU Astronomy Utilities 0.19 (Debian 12, gnuastro 0.19-1+b2); astropy 5.2.1 (python3-astropy 5.2.1-2+deb12u1) reads the results
#
# What one would expect: in FITS an integer is blank where it equals BLANK, and nowhere in an image without that keyword. A digitizer
# that clips gives the end of its range, 255, 65535 or -32768, and its statistics show this.
#
# What happens: aststatistics leaves out the largest unsigned and the least signed number, whether there is a BLANK or not: half
# of the samples are clipped, and maximum and mean are those of the other half. The manual has these numbers as the library's own
# blank values, but the file did not ask for them. astarithmetic even passes it on: adding 0 writes a BLANK, and astropy then
# has NaN where the clipped samples of 8 bits and signed 16 bits were (for unsigned 16 bits it does not look at BLANK).
#
# Seen:
#   uint8 [100, 200, 255, 255], BLANK None: number 2, maximum 200, mean 150
#   after adding 0: BLANK 255, astropy reads [100.0, 200.0, nan, nan]
#   uint16 [100, 200, 65535, 65535], BLANK None: number 2, maximum 200, mean 150
#   after adding 0: BLANK 32767, astropy reads [100, 200, 65535, 65535]
#   int16 [100, 200, -32768, -32768], BLANK None: number 2, maximum 200, mean 150
#   after adding 0: BLANK -32768, astropy reads [100.0, 200.0, nan, nan]
set -eu
apt-get install -y -q --no-install-recommends gnuastro=0.19-1+b2 python3-astropy=5.2.1-2+deb12u1 >/dev/null 2>&1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >counts.py <<'PYTHON'
import subprocess

import numpy as np
from astropy.io import fits

for kind, clipped in {"uint8": 255, "uint16": 65535, "int16": -32768}.items():
    counts = np.array([[100, 200], [clipped, clipped]], kind)
    fits.PrimaryHDU(counts).writeto(f"{kind}.fits")
    statistics = subprocess.run(
        ["aststatistics", "-h0", "--number", "--maximum", "--mean", f"{kind}.fits"], capture_output=True, text=True, check=True)
    number, maximum, mean = statistics.stdout.split()
    print(f"{kind} {counts.ravel().tolist()}, BLANK {fits.getheader(f'{kind}.fits').get('BLANK')}:",
          f"number {number}, maximum {maximum}, mean {mean}")
    subprocess.run(["astarithmetic", "-q", "-h0", f"{kind}.fits", "0", "+", "-osum.fits"], check=True)
    copy, header = fits.getdata("sum.fits", 1, header=True)
    print(f"after adding 0: BLANK {header['BLANK']}, astropy reads {copy.ravel().tolist()}")
PYTHON
/usr/bin/python3 counts.py | tee seen
cat >expected <<'EXPECTED'
uint8 [100, 200, 255, 255], BLANK None: number 2, maximum 200, mean 150
after adding 0: BLANK 255, astropy reads [100.0, 200.0, nan, nan]
uint16 [100, 200, 65535, 65535], BLANK None: number 2, maximum 200, mean 150
after adding 0: BLANK 32767, astropy reads [100, 200, 65535, 65535]
int16 [100, 200, -32768, -32768], BLANK None: number 2, maximum 200, mean 150
after adding 0: BLANK -32768, astropy reads [100.0, 200.0, nan, nan]
EXPECTED
diff expected seen
