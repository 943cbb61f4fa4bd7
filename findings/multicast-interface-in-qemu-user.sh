#!/bin/sh
# SPDX-License-Identifier: MIT
#
# qemu-user 7.2 (Debian 12, qemu-user-static 1:7.2+dfsg-7+deb12u18+b3)
#
# What one would expect: programs for arm64 run on the build machine under user emulation as they will on the telescope's
# boards, or are told which system call is missing. A program that joins a multicast group can also send to one.
#
# What happens: each option of a socket is translated by hand, and only some are. Groups are joined, with a chosen sender
# by the IPv4 option; but the interface of a sender (IP_MULTICAST_IF, IPV6_MULTICAST_IF), the joins that serve both
# families (MCAST_JOIN_SOURCE_GROUP), IP_MULTICAST_ALL, time stamps in nanoseconds and the count of drops are refused with
# ENOPROTOOPT, as if the kernel were older than they are. UDP_SEGMENT and UDP_GRO, of 2018, are passed on.
# So a receiver can be tested there, and a sender on a machine with several networks cannot.
#
# Seen (arm64 under emulation; the same program on the machine itself sets all of them):
#   set:     IP_MULTICAST_TTL IP_MULTICAST_LOOP IP_ADD_MEMBERSHIP IP_ADD_SOURCE_MEMBERSHIP UDP_SEGMENT UDP_GRO
#   refused: IP_MULTICAST_IF IPV6_MULTICAST_IF IP_MULTICAST_ALL MCAST_JOIN_SOURCE_GROUP SO_TIMESTAMPNS SO_RXQ_OVFL
#
# Sends nothing.
set -eu
apt-get install -y -q qemu-user-static gcc gcc-aarch64-linux-gnu libc6-dev libc6-dev-arm64-cross >/dev/null 2>&1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
qemu-aarch64-static --version | head -n 1
case "$(qemu-aarch64-static --version)" in
*"version 7.2."*) ;;
*)
    echo "another version than 7.2"
    exit 1
    ;;
esac

cat >options.c <<'C'
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <sys/socket.h>

static void set(int fd, int level, int option, const char *name, const void *value, socklen_t size) {
    if (setsockopt(fd, level, option, value, size) == 0) {
        printf("set %s\n", name);
    } else {
        printf("%s %s\n", errno == ENOPROTOOPT ? "refused" : "failed", name);
    }
}

#define SET(fd, level, option, value) set(fd, level, option, #option, &(value), sizeof(value))

int main(void) {
    const int v4 = socket(AF_INET, SOCK_DGRAM, 0);
    const int v6 = socket(AF_INET6, SOCK_DGRAM, 0);
    const struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
    const struct in_addr group = {inet_addr("239.255.7.7")};
    const struct in_addr chosen = {inet_addr("232.1.2.3")};
    const struct ip_mreq member = {group, loopback};
    const struct ip_mreq_source of_sender = {.imr_multiaddr = chosen, .imr_interface = loopback, .imr_sourceaddr = loopback};
    const struct sockaddr_in any_group = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("232.1.2.4")};
    const struct sockaddr_in any_sender = {.sin_family = AF_INET, .sin_addr = loopback};
    struct group_source_req of_any = {.gsr_interface = 1};
    *(struct sockaddr_in *)&of_any.gsr_group = any_group;
    *(struct sockaddr_in *)&of_any.gsr_source = any_sender;
    const int off = 0, on = 1, index = 1, segment = 1400;
    SET(v4, IPPROTO_IP, IP_MULTICAST_TTL, on);
    SET(v4, IPPROTO_IP, IP_MULTICAST_LOOP, on);
    SET(v4, IPPROTO_IP, IP_ADD_MEMBERSHIP, member);
    SET(v4, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, of_sender);
    SET(v4, IPPROTO_UDP, UDP_SEGMENT, segment);
    SET(v4, IPPROTO_UDP, UDP_GRO, on);
    SET(v4, IPPROTO_IP, IP_MULTICAST_IF, loopback);
    SET(v6, IPPROTO_IPV6, IPV6_MULTICAST_IF, index);
    SET(v4, IPPROTO_IP, IP_MULTICAST_ALL, off);
    SET(v4, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, of_any);
    SET(v4, SOL_SOCKET, SO_TIMESTAMPNS, on);
    SET(v4, SOL_SOCKET, SO_RXQ_OVFL, on);
    return 0;
}
C
gcc -D_GNU_SOURCE options.c -o native
aarch64-linux-gnu-gcc -D_GNU_SOURCE -static options.c -o emulated
./native >native.txt
qemu-aarch64-static ./emulated >emulated.txt
echo "on this machine: $(grep -c '^set ' native.txt) set"
echo "emulated:"
cat emulated.txt

cat >expected.txt <<'TEXT'
set IP_MULTICAST_TTL
set IP_MULTICAST_LOOP
set IP_ADD_MEMBERSHIP
set IP_ADD_SOURCE_MEMBERSHIP
set UDP_SEGMENT
set UDP_GRO
refused IP_MULTICAST_IF
refused IPV6_MULTICAST_IF
refused IP_MULTICAST_ALL
refused MCAST_JOIN_SOURCE_GROUP
refused SO_TIMESTAMPNS
refused SO_RXQ_OVFL
TEXT
diff expected.txt emulated.txt
[ "$(grep -c '^set ' native.txt)" = 12 ]
