#!/bin/sh
# SPDX-License-Identifier: MIT
#
# nstat of iproute2 6.1.0 (Debian 12, iproute2 6.1.0-3)
#
# What one would expect: nstat prints how much each counter of the kernel has grown since it was last run. Every network
# namespace has counters of its own, so receivers in two namespaces each get theirs with `ip netns exec NAME nstat`.
#
# What happens: the counters of the last run are kept in /tmp/.nstat.uUID, one file per user, which does not say of which
# namespace they are. In the namespace with larger counters nstat prints the difference of the two namespaces as growth, in the one
# with smaller counters nothing. After 997 datagrams lost in one and 1497 in the other, the second shows 500, and again 500 each
# time it is asked after the first, although nothing is lost any more. A file per namespace (NSTAT_HISTORY) or `nstat -as` avoids this.
#
# Seen (what nstat shows of UdpRcvbufErrors; losses from /proc/net/snmp; "quiet": nothing was sent since):
#   near: its losses
#   far: far's losses less near's
#   near, quiet: nothing
#   far, quiet: far's losses less near's
#   near, quiet, absolute: its losses
#   far, quiet, absolute: its losses
#
# Needs root, for two network namespaces that it makes and deletes. Puts /tmp/.nstat.u0 aside and back.
set -eu
apt-get install -y -q iproute2=6.1.0-3 python3 >/dev/null 2>&1
folder=$(mktemp -d)
near=near$$
far=far$$
history=/tmp/.nstat.u$(id -u)
unset NSTAT_HISTORY
leave() {
    ip netns del $near 2>/dev/null || true
    ip netns del $far 2>/dev/null || true
    rm -f "$history"
    [ ! -e "$folder/history" ] || mv "$folder/history" "$history"
    rm -rf "$folder"
}
trap leave EXIT
[ ! -e "$history" ] || mv "$history" "$folder/history"
cd "$folder"
cat >lose.py <<'PYTHON'
import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    receiver.bind(("127.0.0.1", 0))
    for _ in range(int(sys.argv[1])):
        sender.sendto(bytes(1024), receiver.getsockname())
PYTHON

losses() { # the namespace: the datagrams lost to a full buffer, from the kernel
    ip netns exec "$1" sed -n 's/^Udp: [0-9]* [0-9]* [0-9]* [0-9]* \([0-9]*\) .*/\1/p' /proc/net/snmp
}

lost() { # what to print in front, the namespace, options of nstat
    shown=$(ip netns exec "$2" nstat $3 UdpRcvbufErrors | sed -n 's/^UdpRcvbufErrors *\([0-9]*\) .*/\1/p')
    case $shown in
        "") shown="nothing" ;;
        "$(losses "$2")") shown="its losses" ;;
        $(($(losses $far) - $(losses $near)))) shown="far's losses less near's" ;;
    esac
    echo "$1: $shown"
}

for space in $near $far; do
    ip netns add $space
    ip -n $space link set lo up
done
ip netns exec $near python3 lose.py 1000
ip netns exec $far python3 lose.py 1500
{
    lost near $near ""
    lost far $far ""
    lost "near, quiet" $near ""
    lost "far, quiet" $far ""
    lost "near, quiet, absolute" $near -as
    lost "far, quiet, absolute" $far -as
} | tee seen
cat >expected <<'EXPECTED'
near: its losses
far: far's losses less near's
near, quiet: nothing
far, quiet: far's losses less near's
near, quiet, absolute: its losses
far, quiet, absolute: its losses
EXPECTED
diff expected seen
