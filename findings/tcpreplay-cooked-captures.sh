#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tcpreplay 4.4.3 (Debian 12, tcpreplay 4.4.3-1)
#
# What one would expect: `tcpdump -i any` writes "cooked" records, which have a header of Linux instead of one of Ethernet;
# captures of tunnels have none at all. Played onto an Ethernet interface such records need a new header, or are refused.
#
# What happens: records of cooked form 1 (link type 113) and raw IP (101) are sent byte for byte as if they were Ethernet
# frames. Four records are reported as four successful packets, and no UDP datagram arrives. Cooked form 2 (276), which
# tcpdump 4.99 writes for `-i any`, is refused. tcprewrite can make Ethernet of form 1, but neither of form 2 nor of raw IP.
#
# Seen:
#   ethernet: reported 4, datagrams on the other side 4
#   cooked 1: reported 4, datagrams on the other side 0
#   raw IP:   reported 4, datagrams on the other side 0
#   cooked 2: refused: unsupported DLT type: Linux cooked v2
#   tcprewrite: cooked 1 converted, cooked 2 refused, raw IP refused
#
# Needs root, for a network namespace that it makes and deletes.
set -eu
apt-get install -y -q tcpreplay=4.4.3-1 tcpdump iproute2 python3 >/dev/null 2>&1
folder=$(mktemp -d)
space=replay$$
trap 'ip netns del $space 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 - <<'PYTHON'
import struct

def datagram():
    payload = bytes(64)
    udp = struct.pack(">HHHH", 40000, 7148, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0x4000, 64, 17, 0,
                     bytes([10, 0, 0, 1]), bytes([239, 2, 1, 150]))
    total = sum(struct.unpack(">10H", ip))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ip[:10] + struct.pack(">H", ~total & 0xffff) + ip[12:] + udp

sender = bytes.fromhex("020000000001")
heads = {
    "ethernet": (1, bytes.fromhex("01005e020196") + sender + b"\x08\x00"),
    "cooked1": (113, struct.pack(">HHH8sH", 0, 1, 6, sender, 0x0800)),
    "cooked2": (276, struct.pack(">HHIHBB8s", 0x0800, 0, 2, 1, 0, 6, sender)),
    "raw": (101, b""),
}
for name, (link_type, head) in heads.items():
    with open(name + ".pcap", "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, link_type))
        for i in range(4):
            record = head + datagram()
            file.write(struct.pack("<IIII", 1700000000 + i, 0, len(record), len(record)) + record)
PYTHON
ip netns add $space
ip -n $space link add near0 type veth peer name far0
ip -n $space link set near0 up
ip -n $space link set far0 up

replay() { # the name of a capture: what tcpreplay reports, and the datagrams that tcpdump sees on the other side
    ip netns exec $space tcpdump -i far0 -n -U -w "$1.seen" udp port 7148 2>"$1.log" &
    listener=$!
    until grep -q "listening on" "$1.log" 2>/dev/null; do sleep 0.1; done
    ip netns exec $space tcpreplay -i near0 -p 100 "$1.pcap" >"$1.out" 2>&1 || true
    sleep 1
    kill $listener
    wait $listener 2>/dev/null || true
    reported=$(sed -n 's/.*Successful packets: *\([0-9]*\).*/\1/p' "$1.out")
    echo "$1: reported ${reported:-nothing}, datagrams on the other side $(tcpdump -n -r "$1.seen" 2>/dev/null | wc -l)"
}

{
    replay ethernet
    replay cooked1
    replay raw
    replay cooked2
    grep -o "unsupported DLT type: Linux cooked v2" cooked2.out || true
    for name in cooked1 cooked2 raw; do
        if tcprewrite --dlt=enet --enet-dmac=02:00:00:00:00:02 --enet-smac=02:00:00:00:00:01 \
            -i $name.pcap -o $name.out.pcap >$name.rewritten 2>&1; then
            echo "tcprewrite $name: converted"
        else
            echo "tcprewrite $name: refused"
        fi
    done
} | tee seen
cat >expected <<'EXPECTED'
ethernet: reported 4, datagrams on the other side 4
cooked1: reported 4, datagrams on the other side 0
raw: reported 4, datagrams on the other side 0
cooked2: reported nothing, datagrams on the other side 0
unsupported DLT type: Linux cooked v2
tcprewrite cooked1: converted
tcprewrite cooked2: refused
tcprewrite raw: refused
EXPECTED
diff expected seen
