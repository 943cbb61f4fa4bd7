/* SPDX-License-Identifier: MIT */
#include "net_namespace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

/* IF_OPER_UP of <linux/if.h>, which cannot be included with <net/if.h>. */
enum { LINK_IS_UP = 6 };

/* A request to the kernel under construction. */
typedef struct request {
    struct nlmsghdr header;
    char body[1024];
} request;

static void *append(request *r, const void *bytes, size_t length) {
    void *end = (char *)r + NLMSG_ALIGN(r->header.nlmsg_len);
    REQUIRE(NLMSG_ALIGN(r->header.nlmsg_len) + length <= sizeof(*r));
    if (length != 0) {
        memcpy(end, bytes, length);
    }
    r->header.nlmsg_len = (uint32_t)(NLMSG_ALIGN(r->header.nlmsg_len) + length);
    return end;
}

static request begin(uint16_t type, uint16_t flags, const void *fixed, size_t length) {
    request r = {.header = {.nlmsg_len = NLMSG_LENGTH(0),
                            .nlmsg_type = type,
                            .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags)}};
    append(&r, fixed, length);
    return r;
}

static struct rtattr *add_attribute(request *r, int type, const void *value, size_t length) {
    const struct rtattr head = {.rta_len = (uint16_t)RTA_LENGTH(length),
                                .rta_type = (uint16_t)type};
    struct rtattr *attribute = append(r, &head, sizeof(head));
    append(r, value, length);
    return attribute;
}

static struct rtattr *begin_nest(request *r, int type) {
    return add_attribute(r, type, NULL, 0);
}

static void end_nest(const request *r, struct rtattr *nest) {
    const char *end = (const char *)r + r->header.nlmsg_len;
    nest->rta_len = (uint16_t)(end - (char *)nest);
}

typedef struct reply {
    struct nlmsghdr header;
    char body[8192];
} reply;

static void exchange(const request *r, reply *answer) {
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    REQUIRE(fd >= 0);
    REQUIRE(send(fd, r, r->header.nlmsg_len, 0) == (ssize_t)r->header.nlmsg_len);
    const ssize_t length = recv(fd, answer, sizeof(*answer), 0);
    close(fd);
    REQUIRE(length >= (ssize_t)sizeof(answer->header) && NLMSG_OK(&answer->header, (size_t)length));
}

/* Sends a request and returns the kernel's answer: 0 or an error number. */
static int ask_kernel(const request *r) {
    reply answer;
    exchange(r, &answer);
    REQUIRE(answer.header.nlmsg_type == NLMSG_ERROR);
    return -((const struct nlmsgerr *)NLMSG_DATA(&answer.header))->error;
}

static int set_up(uint32_t index) {
    const struct ifinfomsg link = {
        .ifi_index = (int)index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    const request r = begin(RTM_NEWLINK, 0, &link, sizeof(link));
    return ask_kernel(&r);
}

/* A pair of interfaces: one here, its peer on another host. */
static int add_link(const char *name, uint32_t index, const char *peer, int peer_host) {
    const struct ifinfomsg none = {0};
    const struct ifinfomsg link = {.ifi_index = (int)index};
    request r = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));
    add_attribute(&r, IFLA_IFNAME, name, strlen(name) + 1);
    struct rtattr *info = begin_nest(&r, IFLA_LINKINFO);
    add_attribute(&r, IFLA_INFO_KIND, "veth", sizeof("veth"));
    struct rtattr *data = begin_nest(&r, IFLA_INFO_DATA);
    struct rtattr *other = begin_nest(&r, VETH_INFO_PEER);
    append(&r, &none, sizeof(none));
    add_attribute(&r, IFLA_IFNAME, peer, strlen(peer) + 1);
    add_attribute(&r, IFLA_NET_NS_FD, &peer_host, sizeof(peer_host));
    end_nest(&r, other);
    end_nest(&r, data);
    end_nest(&r, info);
    return ask_kernel(&r);
}

static int add_address(uint32_t index, int family, const char *text) {
    uint8_t bytes[16];
    const size_t length = family == AF_INET6 ? 16 : 4;
    REQUIRE(inet_pton(family, text, bytes) == 1);
    const struct ifaddrmsg message = {.ifa_family = (uint8_t)family,
                                      .ifa_prefixlen = family == AF_INET6 ? 64 : 24,
                                      .ifa_flags = IFA_F_NODAD, /* usable at once */
                                      .ifa_index = index};
    request r = begin(RTM_NEWADDR, NLM_F_CREATE, &message, sizeof(message));
    add_attribute(&r, IFA_LOCAL, bytes, length);
    add_attribute(&r, IFA_ADDRESS, bytes, length);
    return ask_kernel(&r);
}

static int add_multicast_route(uint32_t index) {
    const struct rtmsg route = {.rtm_family = AF_INET,
                                .rtm_dst_len = 4,
                                .rtm_table = RT_TABLE_MAIN,
                                .rtm_protocol = RTPROT_STATIC,
                                .rtm_scope = RT_SCOPE_LINK,
                                .rtm_type = RTN_UNICAST};
    const uint8_t multicast[4] = {224};
    request r = begin(RTM_NEWROUTE, NLM_F_CREATE, &route, sizeof(route));
    add_attribute(&r, RTA_DST, multicast, sizeof(multicast));
    add_attribute(&r, RTA_OIF, &index, sizeof(index));
    return ask_kernel(&r);
}

/* A host of its own with loopback, which the calling thread is then on. */
static int new_host(void) {
    if (unshare(CLONE_NEWNET) != 0) {
        SKIP("no network namespace can be made here: %s", strerror(errno));
    }
    REQUIRE(set_up(if_nametoindex("lo")) == 0);
    const int host = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    REQUIRE(host >= 0);
    return host;
}

void require_multicast_options(void) {
    const int off = 0;
    const int probe = socket(AF_INET, SOCK_DGRAM, 0);
    const bool works = setsockopt(probe, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof(off)) == 0;
    close(probe);
    if (!works) {
        SKIP("there is no socket option IP_MULTICAST_ALL here");
    }
}

void enter_loopback_network(void) {
    require_multicast_options();
    close(new_host());
    REQUIRE(add_multicast_route(if_nametoindex("lo")) == 0);
}

static uint32_t configure_interface(const char *name, int link, int host) {
    char address[64];
    const uint32_t index = if_nametoindex(name);
    REQUIRE(index != 0);
    REQUIRE(set_up(index) == 0);
    snprintf(address, sizeof(address), "10.77.%d.%d", link, host);
    REQUIRE(add_address(index, AF_INET, address) == 0);
    snprintf(address, sizeof(address), "fe80::%d:%d", host, link);
    const int error = add_address(index, AF_INET6, address);
    if (error == EOPNOTSUPP || error == EACCES) {
        SKIP("IPv6 is switched off here");
    }
    REQUIRE(error == 0);
    return index;
}

/* Whether the kernel has noticed that the link is there; it drops what is sent before. */
static bool is_running(uint32_t index) {
    const struct ifinfomsg link = {.ifi_index = (int)index};
    const request r = begin(RTM_GETLINK, 0, &link, sizeof(link));
    reply answer;
    exchange(&r, &answer);
    REQUIRE(answer.header.nlmsg_type == RTM_NEWLINK);
    const struct ifinfomsg *found = NLMSG_DATA(&answer.header);
    size_t left = IFLA_PAYLOAD(&answer.header);
    for (const struct rtattr *a = IFLA_RTA(found); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == IFLA_OPERSTATE) {
            return *(const uint8_t *)RTA_DATA(a) == LINK_IS_UP;
        }
    }
    return false;
}

static void wait_for_link(uint32_t index) {
    WAIT_UNTIL(is_running(index), 10);
    /* It does the rest with the lock that this request has to wait for. */
    REQUIRE(set_up(index) == 0);
}

static const char *const near_names[LINKS] = {"near0", "near1"};
static const char *const far_names[LINKS] = {"far0", "far1"};

void enter_link_network(link_network *network) {
    require_multicast_options();
    network->far_host = new_host();
    network->near_host = new_host();
    for (int i = 0; i < LINKS; i++) {
        const int error = add_link(near_names[i], 0, far_names[i], network->far_host);
        if (error == EOPNOTSUPP) {
            SKIP("this kernel has no virtual Ethernet pairs");
        }
        REQUIRE(error == 0);
    }
    for (int i = 0; i < LINKS; i++) {
        enter_host(network->far_host);
        network->far_index[i] = configure_interface(far_names[i], i, 2);
        enter_host(network->near_host);
        network->near_index[i] = configure_interface(near_names[i], i, 1);
    }
    for (int i = 0; i < LINKS; i++) {
        wait_for_link(network->near_index[i]);
        enter_host(network->far_host);
        wait_for_link(network->far_index[i]);
        enter_host(network->near_host);
    }
}

void route_groups(uint32_t index) {
    REQUIRE(add_multicast_route(index) == 0);
}

void delete_link(const link_network *network, int link) {
    const struct ifinfomsg message = {.ifi_index = (int)network->near_index[link]};
    const request r = begin(RTM_DELLINK, 0, &message, sizeof(message));
    REQUIRE(ask_kernel(&r) == 0);
}

void restore_link(link_network *network, int link, uint32_t near_index) {
    REQUIRE(add_link(near_names[link], near_index, far_names[link], network->far_host) == 0);
    enter_host(network->far_host);
    network->far_index[link] = configure_interface(far_names[link], link, 2);
    enter_host(network->near_host);
    network->near_index[link] = configure_interface(near_names[link], link, 1);
    wait_for_link(network->near_index[link]);
    enter_host(network->far_host);
    wait_for_link(network->far_index[link]);
    enter_host(network->near_host);
}

void enter_host(int host) {
    REQUIRE(setns(host, CLONE_NEWNET) == 0);
}

void leave_link_network(link_network *network) {
    close(network->near_host);
    close(network->far_host);
}
