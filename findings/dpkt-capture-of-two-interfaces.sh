#!/bin/sh
# SPDX-License-Identifier: MIT
#
# dpkt 1.9.8 (Debian 12, python3-dpkt 1.9.8-1); tcpdump 4.99.3 (tcpdump 4.99.3-1) reads the same file
#
# What one would expect: each interface of a pcapng file has its own unit of time (if_tsresol), microseconds if it says none, and
# each packet names its interface. mergecap makes such files, of a capture in microseconds and one in nanoseconds. A reader
# applies to each packet the unit of its interface.
#
# What happens: dpkt applies the first interface's unit to all packets, without a word. Of packets that are 0.1 s apart, on two
# interfaces in turn, every other one is almost 54,000 years ahead if the first interface has microseconds, and in January 1970 if
# it has nanoseconds. Where the unit is right, the time is a Python float, which at this date has steps of 238 ns;
# from pcap in nanoseconds the same dpkt gives an exact Decimal.
#
# Seen:
#   microseconds first, tcpdump: 1700000000.000000000 1700000000.100000250 1700000000.200000000 1700000000.300000250
#   microseconds first, dpkt:    1700000000.000000000 1700000000100.000244141 1700000000.200000048 1700000000300.000244141
#   nanoseconds first, tcpdump:  1700000000.000000250 1700000000.100000000 1700000000.200000250 1700000000.300000000
#   nanoseconds first, dpkt:     1700000000.000000238 1700000.000100000 1700000000.200000286 1700000.000300000
#   pcap in nanoseconds, dpkt:   Decimal 1700000000.000000250
set -eu
apt-get install -y -q python3-dpkt=1.9.8-1 tcpdump=4.99.3-1 >/dev/null 2>&1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >capture.py <<'PYTHON'
import struct
import subprocess

import dpkt

packet = bytes.fromhex("01005e020196 020000000001 0800") + bytes(46)
start, step = 1700000000, 10 ** 8


def block(kind, body):
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def interface(resolution):
    option = struct.pack("<HHBxxxHH", 9, 1, resolution, 0, 0)
    return block(1, struct.pack("<HHI", 1, 0, 65535) + option)


def capture(name, resolutions):
    with open(name, "wb") as file:
        file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        for resolution in resolutions:
            file.write(interface(resolution))
        for i in range(4):
            resolution = resolutions[i % 2]
            time = (start * 10 ** 9 + i * step + 250) // 10 ** (9 - resolution)
            file.write(block(6, struct.pack("<IIIII", i % 2, time >> 32, time & 0xFFFFFFFF, 60, 60) + packet))


for first, resolutions in {"microseconds": (6, 9), "nanoseconds": (9, 6)}.items():
    name = first + ".pcapng"
    capture(name, resolutions)
    lines = subprocess.run(["tcpdump", "-n", "-tt", "--nano", "-r", name], capture_output=True, text=True, check=True)
    print(f"{first} first, tcpdump:", *(line.split()[0] for line in lines.stdout.splitlines() if line.startswith("1700")))
    with open(name, "rb") as file:
        print(f"{first} first, dpkt:", *(f"{time:.9f}" for time, _ in dpkt.pcapng.Reader(file)))

with open("nanoseconds.pcap", "wb") as file:
    file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1) + struct.pack("<IIII", start, 250, 60, 60) + packet)
with open("nanoseconds.pcap", "rb") as file:
    for time, _ in dpkt.pcap.Reader(file):
        print("pcap in nanoseconds, dpkt:", type(time).__name__, f"{time:.9f}")
PYTHON
/usr/bin/python3 capture.py | tee seen
cat >expected <<'EXPECTED'
microseconds first, tcpdump: 1700000000.000000000 1700000000.100000250 1700000000.200000000 1700000000.300000250
microseconds first, dpkt: 1700000000.000000000 1700000000100.000244141 1700000000.200000048 1700000000300.000244141
nanoseconds first, tcpdump: 1700000000.000000250 1700000000.100000000 1700000000.200000250 1700000000.300000000
nanoseconds first, dpkt: 1700000000.000000238 1700000.000100000 1700000000.200000286 1700000.000300000
pcap in nanoseconds, dpkt: Decimal 1700000000.000000250
EXPECTED
diff expected seen
