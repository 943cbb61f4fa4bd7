#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scapy 2.5.0 (Debian 12, python3-scapy 2.5.0+dfsg-2); tcpdump 4.99.3 (tcpdump 4.99.3-1) reads the same files
#
# What one would expect: a pcapng interface may say that its times count from a second of its own (if_tsoffset, option 14 of the
# interface description block), and a reader adds it. A capture in nanoseconds, read and saved, keeps its times, or is rounded to
# valid microseconds; "sort by time" and loss by gaps in time work on the copy as on the original.
#
# What happens: scapy does not add the offset, so that packets of 2023 are of 1970, and says nothing. wrpcap writes microseconds
# whatever was read, and rounds the fraction without carrying into the seconds: 999,999,600 ns become 1,000,000 us, a field that
# must be below a million. tcpdump prints it as .1000000, which reads as a tenth of a second, 0.9 s before the packet in front
# of it. wrpcap(..., nano=True) keeps the times.
#
# Seen:
#   if_tsoffset, scapy: 0.000000250
#   saved by scapy, microseconds field: 999999 1000000
#   if_tsoffset, tcpdump: 1700000000.000000250
#   saved by scapy, tcpdump: 1700000000.999999
#   saved by scapy, tcpdump: 1700000000.1000000
#   saved with nano, tcpdump: 1700000000.999999400
#   saved with nano, tcpdump: 1700000000.999999600
set -eu
apt-get install -y -q python3-scapy=2.5.0+dfsg-2 tcpdump=4.99.3-1 >/dev/null 2>&1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >capture.py <<'PYTHON'
import struct
import sys

from scapy.all import rdpcap, wrpcap

packet = bytes.fromhex("01005e020196 020000000001 0800") + bytes(46)


def block(kind, body):
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


with open("offset.pcapng", "wb") as file:
    file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
    options = option(9, b"\x09") + option(14, struct.pack("<q", 1700000000)) + option(0, b"")
    file.write(block(1, struct.pack("<HHI", 1, 0, 65535) + options))
    file.write(block(6, struct.pack("<IIIII", 0, 0, 250, 60, 60) + packet))
with open("nanoseconds.pcap", "wb") as file:
    file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
    for nanoseconds in (999_999_400, 999_999_600):
        file.write(struct.pack("<IIII", 1700000000, nanoseconds, 60, 60) + packet)

print(f"if_tsoffset, scapy: {rdpcap('offset.pcapng')[0].time:.9f}")
wrpcap("saved.pcap", rdpcap("nanoseconds.pcap"))
wrpcap("nano.pcap", rdpcap("nanoseconds.pcap"), nano=True)
with open("saved.pcap", "rb") as file:
    saved = file.read()
print("saved by scapy, microseconds field:", *(struct.unpack_from("<I", saved, 24 + i * 76 + 4)[0] for i in range(2)))
PYTHON

written() { # what to print in front, the options of tcpdump, the file
    tcpdump -n -tt $2 -r "$3" 2>/dev/null | sed "s/^\([0-9.]*\) .*/$1, tcpdump: \1/"
}

{
    /usr/bin/python3 capture.py
    written if_tsoffset --nano offset.pcapng
    written "saved by scapy" --micro saved.pcap
    written "saved with nano" --nano nano.pcap
} | tee seen
cat >expected <<'EXPECTED'
if_tsoffset, scapy: 0.000000250
saved by scapy, microseconds field: 999999 1000000
if_tsoffset, tcpdump: 1700000000.000000250
saved by scapy, tcpdump: 1700000000.999999
saved by scapy, tcpdump: 1700000000.1000000
saved with nano, tcpdump: 1700000000.999999400
saved with nano, tcpdump: 1700000000.999999600
EXPECTED
diff expected seen
