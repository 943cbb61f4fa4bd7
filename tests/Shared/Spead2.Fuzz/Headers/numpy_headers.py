# SPDX-License-Identifier: MIT
"""What NumPy says of array headers: reads one JSON string per line, writes one line each.

A line is "ok TYPE F|C SHAPE" as HeaderVerdict.cs writes it, or "no REASON". To what numpy.lib.format
refuses come SPEAD's rules: no objects, no type without bytes, no array that NumPy could not make.
"""
import io
import json
import math
import struct
import sys
import warnings

import numpy
from numpy.lib import format as npy

MAX_RANK = 32
LARGEST = 2**63 - 1


def describe(dtype):
    if not dtype.names:
        return dtype.str
    fields = ";".join(field(name, *dtype.fields[name][:2]) for name in dtype.names)
    return f"{dtype.itemsize}[{fields}]"


def field(name, dtype, offset):
    base, shape = split(dtype)
    return f"{name.encode('utf-16-be', 'surrogatepass').hex()}@{offset}={describe(base)}({lengths(shape)})"


def split(dtype):
    """The type of the elements of an array type, and its shape."""
    shape = ()
    while dtype.subdtype:
        dtype, inner = dtype.subdtype
        shape += inner
    return dtype, shape


def lengths(shape):
    return ",".join(str(int(length)) for length in shape)


def judge(text):
    header = text.encode("latin-1")
    packed = io.BytesIO(struct.pack("<I", len(header)) + header)
    shape, is_fortran, dtype = npy.read_array_header_2_0(packed, max_header_size=LARGEST)
    base, inner = split(dtype)
    if base.hasobject or base.itemsize <= 0:
        raise ValueError("objects, or no bytes")
    if len(shape) + len(inner) > MAX_RANK or min((*shape, 0)) < 0 or max((*shape, 0)) > LARGEST:
        raise ValueError("no shape of an array")
    if math.prod(length for length in (*shape, dtype.itemsize) if length > 0) > LARGEST:
        raise ValueError("no array is so large")
    return f"ok {describe(base)}({lengths(inner)}) {'F' if is_fortran else 'C'} ({lengths(shape)})"


def main():
    warnings.simplefilter("ignore")
    print(numpy.__version__, flush=True)
    for line in sys.stdin:
        try:
            verdict = judge(json.loads(line))
        except Exception as error:  # whatever it is, NumPy does not take the header
            verdict = f"no {type(error).__name__} {error}".replace("\n", " ").replace("\r", " ")[:300]
        print(verdict.encode("ascii", "backslashreplace").decode())


main()
