# SPDX-License-Identifier: MIT
"""Prints what NumPy and h5py read of files, a line of JSON for each line with the name of a file and of what is in it."""

import json
import struct
import sys

import numpy


def number(value):
    return "nan" if value != value else struct.pack(">d", value).hex()


def element(value):
    """A value as EveryKind.cs has it."""
    if isinstance(value, numpy.void) and value.dtype.names:
        return [of_field(value[name]) for name in value.dtype.names]
    if isinstance(value, numpy.void):
        return value.tobytes().hex()
    if isinstance(value, (numpy.bool_, bool)):
        return bool(value)
    if isinstance(value, (numpy.datetime64, numpy.timedelta64)):
        return int(value.astype("i8"))
    if isinstance(value, numpy.integer):
        return int(value)
    if isinstance(value, numpy.floating):
        return number(float(value))
    if isinstance(value, numpy.complexfloating):
        return [number(float(value.real)), number(float(value.imag))]
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def of_field(value):
    if isinstance(value, numpy.ndarray):
        return [element(x) for x in value.reshape(-1)]
    return element(value)


def describe(array):
    array = numpy.asarray(array)
    return {
        "dtype": array.dtype.str if not array.dtype.names else repr(array.dtype.descr),
        "shape": list(array.shape),
        "values": [element(x) for x in array.reshape(-1)],
    }


def read(path, name):
    if path.endswith(".h5"):
        import h5py

        with h5py.File(path, "r") as file:
            return describe(file[name][()])
    loaded = numpy.load(path, allow_pickle=False)
    return describe(loaded[name] if name else loaded)


for line in sys.stdin:
    path, name = json.loads(line)
    print(json.dumps(read(path, name)), flush=True)
