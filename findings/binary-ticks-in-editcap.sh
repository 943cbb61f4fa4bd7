#!/bin/sh
# SPDX-License-Identifier: MIT
#
# editcap of Wireshark 4.0.17 (Debian 12, wireshark-common 4.0.17-0+deb12u3)
#
# What one would expect: a pcapng interface may count time in powers of two (if_tsresol with its highest bit set), as hardware
# that stamps packets with a binary fraction of a second does. editcap, told to change nothing, writes the same times; it keeps
# the unit of the interface, so nothing need be rounded.
#
# What happens: each pass through editcap moves the packets back by one unit: the time goes to nanoseconds and back, and is cut
# off both times. With units of 2^-20 s one pass costs 0.95 us and ten cost 9.5 us, so two receivers' captures of one packet
# differ by how often each was edited. Packets at a time that is whole in nanoseconds do not move, and neither do units
# of a power of ten.
#
# Seen:
#   2^-20 s: ticks 1295 as written, 1294 after 1 pass, 1285 after 10
#   2^-30 s: ticks 1325601 as written, 1325600 after 1 pass, 1325591 after 10
#   2^-20 s, an eighth of a second: ticks 131072 as written, 131072 after 1 pass, 131072 after 10
#   10^-9 s: ticks 1234567 as written, 1234567 after 1 pass, 1234567 after 10
set -eu
apt-get install -y -q --no-install-recommends wireshark-common=4.0.17-0+deb12u3 python3 >/dev/null 2>&1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >edit.py <<'PYTHON'
import struct
import subprocess

START = 1700000000
packet = bytes.fromhex("01005e020196 020000000001 0800") + bytes(46)


def block(kind, body):
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def write(name, resolution, time):
    with open(name, "wb") as file:
        file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        file.write(block(1, struct.pack("<HHIHHBxxxHH", 1, 0, 65535, 9, 1, resolution, 0, 0)))
        file.write(block(6, struct.pack("<IIIII", 0, time >> 32, time & 0xFFFFFFFF, 60, 60) + packet))


def ticks(name, per_second):
    """The time in units of the interface, after START, read from the file itself."""
    with open(name, "rb") as file:
        data = file.read()
    at, resolution = 0, None
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind == 1:
            option = at + 16
            while (head := struct.unpack_from("<HH", data, option))[0] not in (0, 9):
                option += 4 + (head[1] + 3) // 4 * 4
            resolution = data[option + 4]
        elif kind == 6:
            high, low = struct.unpack_from("<II", data, at + 12)
        at += size
    assert per_second == (2 ** (resolution & 127) if resolution & 128 else 10 ** resolution)
    return (high << 32 | low) - START * per_second


for what, resolution, per_second, offset in (
        ("2^-20 s", 0x80 | 20, 2 ** 20, 1295), ("2^-30 s", 0x80 | 30, 2 ** 30, 1325601),
        ("2^-20 s, an eighth of a second", 0x80 | 20, 2 ** 20, 2 ** 17), ("10^-9 s", 9, 10 ** 9, 1234567)):
    write("0.pcapng", resolution, START * per_second + offset)
    for i in range(10):
        subprocess.run(["editcap", f"{i}.pcapng", f"{i + 1}.pcapng"], check=True)
    before, once, often = (ticks(f"{i}.pcapng", per_second) for i in (0, 1, 10))
    print(f"{what}: ticks {before} as written, {once} after 1 pass, {often} after 10")
PYTHON
/usr/bin/python3 edit.py | tee seen
cat >expected <<'EXPECTED'
2^-20 s: ticks 1295 as written, 1294 after 1 pass, 1285 after 10
2^-30 s: ticks 1325601 as written, 1325600 after 1 pass, 1325591 after 10
2^-20 s, an eighth of a second: ticks 131072 as written, 131072 after 1 pass, 131072 after 10
10^-9 s: ticks 1234567 as written, 1234567 after 1 pass, 1234567 after 10
EXPECTED
diff expected seen
