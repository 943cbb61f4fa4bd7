/* SPDX-License-Identifier: MIT */
#include "transport/udp_sender.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"

/* In <linux/udp.h>, but not in the C library's headers of every age. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* Most segments of one message that kernels of every age take, most bytes of it (less than a
 * datagram's, by the headers), and most pieces (UIO_MAXIOV). */
#define MOST_SEGMENTS 64
#define MOST_MESSAGE_BYTES 65507
#define MOST_MESSAGE_PIECES 1024

/* Most messages of one call: as many as packets in a batch. */
#define MOST_MESSAGES 64

/* How long packets go one by one after a message of segments was refused: then it is tried again,
 * as routes and devices change. */
#define SEGMENTATION_PAUSE_NS (1000 * (uint64_t)SP2__NS_PER_MS)

/* The pieces of packets are the kernel's vectors. */
_Static_assert(sizeof(sp2__piece) == sizeof(struct iovec), "pieces are iovecs");
_Static_assert(offsetof(sp2__piece, data) == offsetof(struct iovec, iov_base), "pieces are iovecs");
_Static_assert(offsetof(sp2__piece, length) == offsetof(struct iovec, iov_len),
               "pieces are iovecs");

/* Room for the control message that says the size of a message's segments. */
typedef struct segment_control {
    _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(uint16_t))];
} segment_control;

struct sp2__udp_sender {
    int fd;
    bool segmentation; /* wanted */
    bool fragments_told;
    socklen_t address_length;
    uint64_t segmentation_after; /* time; 0: now */
    sp2__logger *logger;
    sp2__ip_address *destinations;
    sp2__udp_sender_stats stats;
    struct mmsghdr messages[MOST_MESSAGES];
    segment_control controls[MOST_MESSAGES];
    uint32_t packets_of[MOST_MESSAGES]; /* packets in each message */
};

static int32_t fail_option(const char *what, int error) {
    char text[128];
    return sp2__fail(SP2_E_OS, error, "cannot set %s of a UDP socket that sends: %s", what,
                     sp2__os_error_text(error, text, sizeof(text)));
}

static int32_t set_int(int fd, int level, int option, int value, const char *what) {
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0 ? SP2_OK
                                                                     : fail_option(what, errno);
}

static int32_t set_multicast(int fd, const sp2__udp_sender_config *config, bool v6) {
    int32_t status = SP2_OK;
    if (config->ttl != 0) {
        status = set_int(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                         v6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, (int)config->ttl, "ttl");
    }
    if (status == SP2_OK && config->no_loop) {
        status = set_int(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                         v6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP, 0, "the multicast loop");
    }
    if (status == SP2_OK && v6 && config->interface_index != 0) {
        status = set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)config->interface_index,
                         "the multicast interface");
    }
    if (status == SP2_OK && !v6 &&
        (config->interface_index != 0 || config->interface_v4.s_addr != htonl(INADDR_ANY))) {
        const struct ip_mreqn request = {.imr_address = config->interface_v4,
                                         .imr_ifindex = (int)config->interface_index};
        if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request)) != 0) {
            status = fail_option("the multicast interface", errno);
        }
    }
    return status;
}

static int32_t set_source(int fd, const sp2__udp_sender_config *config) {
    if (config->source.any.sa_family == AF_UNSPEC) {
        return SP2_OK;
    }
    const socklen_t length = config->source.any.sa_family == AF_INET6 ? sizeof(config->source.v6)
                                                                      : sizeof(config->source.v4);
    if (bind(fd, &config->source.any, length) != 0) {
        const int error = errno;
        char text[128];
        return sp2__fail(SP2_E_OS, error, "cannot bind a UDP socket that sends: %s",
                         sp2__os_error_text(error, text, sizeof(text)));
    }
    return SP2_OK;
}

static void set_buffer(int fd, const sp2__udp_sender_config *config, sp2__logger *logger) {
    if (config->buffer_size == 0) {
        return;
    }
    /* The kernel doubles the number, so that larger ones would overflow. */
    const int size = config->buffer_size > INT_MAX / 2 ? INT_MAX / 2 : (int)config->buffer_size;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) != 0) {
        const int error = errno;
        char text[128];
        SP2__LOG(logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
                 "cannot set a send buffer of %d bytes: %s", size,
                 sp2__os_error_text(error, text, sizeof(text)));
    }
}

static int32_t open_socket(const sp2__udp_sender_config *config, sp2__logger *logger, int *fd) {
    const int family = config->destinations[0].any.sa_family;
    const bool v6 = family == AF_INET6;
    *fd = config->existing ? fcntl((int)config->socket, F_DUPFD_CLOEXEC, 0)
                           : socket(family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
    if (*fd < 0) {
        const int error = errno;
        char text[128];
        return sp2__fail(error == ENOMEM ? SP2_E_NOMEM : SP2_E_OS, error,
                         "cannot %s a UDP socket that sends: %s",
                         config->existing ? "duplicate" : "open",
                         sp2__os_error_text(error, text, sizeof(text)));
    }
    if (config->existing) {
        return SP2_OK; /* as it is */
    }
    int32_t status = set_source(*fd, config);
    if (status == SP2_OK) {
        status = set_multicast(*fd, config, v6);
    }
    if (status == SP2_OK && config->dscp != 0) {
        status = set_int(*fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS,
                         (int)(config->dscp << 2), "dscp");
    }
    set_buffer(*fd, config, logger);
    return status;
}

/* Whether the kernel knows of segments; the size is said with each message. */
static bool can_segment(int fd) {
    int size = 0;
    socklen_t length = sizeof(size);
    return getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, &length) == 0;
}

int32_t sp2__udp_sender_start(void) {
    return SP2_OK;
}

int32_t sp2__udp_sender_open(const sp2__udp_sender_config *config, sp2__logger *logger,
                             sp2__udp_sender **opened) {
    *opened = NULL;
    sp2__udp_sender *sender = sp2__calloc_array(1, sizeof(*sender));
    if (sender == NULL) {
        return sp2__fail_memory("a UDP writer");
    }
    sender->fd = -1;
    sender->logger = logger;
    sender->destinations =
        sp2__calloc_array((size_t)config->destination_count, sizeof(*sender->destinations));
    int32_t status = SP2_OK;
    if (sender->destinations == NULL) {
        status = sp2__fail_memory("the destinations of a UDP writer");
    } else {
        status = open_socket(config, logger, &sender->fd);
    }
    if (status != SP2_OK) {
        sp2__udp_sender_close(sender);
        return status;
    }
    memcpy(sender->destinations, config->destinations,
           (size_t)config->destination_count * sizeof(*sender->destinations));
    sender->address_length = config->destinations[0].any.sa_family == AF_INET6
                                 ? sizeof(struct sockaddr_in6)
                                 : sizeof(struct sockaddr_in);
    sender->segmentation = !config->no_segmentation && can_segment(sender->fd);
    *opened = sender;
    return SP2_OK;
}

void sp2__udp_sender_close(sp2__udp_sender *sender) {
    if (sender != NULL) {
        if (sender->fd >= 0) {
            close(sender->fd);
        }
        sp2__free(sender->destinations);
        sp2__free(sender);
    }
}

void sp2__udp_sender_close_copy(sp2__udp_sender *sender) {
    close(sender->fd);
}

intptr_t sp2__udp_sender_socket(const sp2__udp_sender *sender) {
    return sender->fd;
}

const sp2__udp_sender_stats *sp2__udp_sender_get_stats(const sp2__udp_sender *sender) {
    return &sender->stats;
}

/* How many of the packets go into one message: of one destination and size, but for a shorter one
 * at the end. */
static uint32_t message_packets(const sp2__packet_out *packets, uint32_t count, uint64_t *bytes,
                                size_t *pieces) {
    const uint64_t segment = packets[0].length;
    uint32_t taken = 1;
    *bytes = segment;
    *pieces = packets[0].piece_count;
    while (taken < count && taken < MOST_SEGMENTS) {
        const sp2__packet_out *next = &packets[taken];
        if (next->destination != packets[0].destination || next->length > segment ||
            *bytes + next->length > MOST_MESSAGE_BYTES ||
            *pieces + next->piece_count > MOST_MESSAGE_PIECES) {
            break;
        }
        *bytes += next->length;
        *pieces += next->piece_count;
        taken++;
        if (next->length < segment) {
            break;
        }
    }
    return taken;
}

/* Makes message number `index` of the packets at the start; returns how many it has. */
static uint32_t make_message(sp2__udp_sender *sender, uint32_t index,
                             const sp2__packet_out *packets, uint32_t count, bool segments) {
    struct msghdr *header = &sender->messages[index].msg_hdr;
    uint64_t bytes;
    size_t pieces = packets[0].piece_count;
    const uint32_t taken = segments ? message_packets(packets, count, &bytes, &pieces) : 1;
    *header = (struct msghdr){
        .msg_name = &sender->destinations[packets[0].destination],
        .msg_namelen = sender->address_length,
        .msg_iov = (struct iovec *)(uintptr_t)packets[0].pieces,
        /* An int in musl, a size_t in glibc. */
        .msg_iovlen = (__typeof__(header->msg_iovlen))pieces,
    };
    if (taken > 1) {
        segment_control *control = &sender->controls[index];
        const uint16_t size = (uint16_t)packets[0].length;
        header->msg_control = control->bytes;
        header->msg_controllen = sizeof(control->bytes);
        struct cmsghdr *message = CMSG_FIRSTHDR(header);
        message->cmsg_level = IPPROTO_UDP;
        message->cmsg_type = UDP_SEGMENT;
        message->cmsg_len = CMSG_LEN(sizeof(size));
        memcpy(CMSG_DATA(message), &size, sizeof(size));
    }
    sender->packets_of[index] = taken;
    return taken;
}

/* As many messages as the kernel takes; 0 and *error if it does not take the first. */
static uint32_t send_messages(sp2__udp_sender *sender, uint32_t messages, int *error) {
    int sent;
    do {
        sent = sendmmsg(sender->fd, sender->messages, messages, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    *error = sent < 0 ? errno : 0;
    sp2__udp_sender_count(&sender->stats.calls, 1);
    sp2__udp_sender_count(&sender->stats.messages, sent > 0 ? (uint64_t)sent : 0);
    return sent > 0 ? (uint32_t)sent : 0;
}

/* What the path to a destination carries at once; 0 if that cannot be found out. */
static int path_mtu(const sp2__udp_sender *sender, uint64_t destination) {
    const sp2__ip_address *address = &sender->destinations[destination];
    const bool v6 = address->any.sa_family == AF_INET6;
    const int fd = socket(address->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
    int mtu = 0;
    socklen_t length = sizeof(mtu);
    if (fd < 0) {
        return 0;
    }
    if (connect(fd, &address->any, sender->address_length) != 0 ||
        getsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &mtu, &length) !=
            0) {
        mtu = 0;
    }
    close(fd);
    return mtu;
}

/* A message of segments was refused: packets go one by one for a while. */
static void pause_segmentation(sp2__udp_sender *sender, const sp2__packet_out *packet, int error) {
    sender->segmentation_after = sp2__clock_ns() + SEGMENTATION_PAUSE_NS;
    if (sender->fragments_told) {
        return;
    }
    sender->fragments_told = true;
    char text[128];
    const int mtu = error == EMSGSIZE ? path_mtu(sender, packet->destination) : 0;
    if (mtu != 0) {
        SP2__LOG(sender->logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
                 "packets of %" PRIu64 " bytes are fragmented by the interface (MTU %d); set "
                 "max_packet_size to at most %d",
                 packet->length, mtu,
                 mtu - (sender->address_length == sizeof(struct sockaddr_in) ? 28 : 48));
    } else {
        SP2__LOG(sender->logger, SP2__MESSAGE_SOCKET, SP2_LOG_INFO,
                 "the system does not send several packets in one message (%s): they go one by one",
                 sp2__os_error_text(error, text, sizeof(text)));
    }
}

static bool may_segment(sp2__udp_sender *sender) {
    if (!sender->segmentation || sender->segmentation_after == 0) {
        return sender->segmentation;
    }
    if (sp2__clock_ns() < sender->segmentation_after) {
        return false;
    }
    sender->segmentation_after = 0;
    return true;
}

static bool is_full(int error) {
    return error == EAGAIN || error == EWOULDBLOCK;
}

uint32_t sp2__udp_sender_write(sp2__udp_sender *sender, sp2__packet_out *packets,
                               uint32_t packet_count) {
    uint32_t done = 0;
    bool segments = may_segment(sender);
    while (done < packet_count) {
        uint32_t messages = 0;
        for (uint32_t next = done; next < packet_count && messages < MOST_MESSAGES; messages++) {
            next += make_message(sender, messages, &packets[next], packet_count - next, segments);
        }
        int error;
        const uint32_t sent = send_messages(sender, messages, &error);
        for (uint32_t i = 0; i < sent; i++) {
            done += sender->packets_of[i];
            sp2__udp_sender_count(&sender->stats.segmented,
                                  sender->packets_of[i] > 1 ? sender->packets_of[i] : 0);
        }
        if (sent != 0) {
            continue; /* what stopped it comes again with the next call */
        }
        if (is_full(error)) {
            break;
        }
        if (sender->packets_of[0] > 1) {
            pause_segmentation(sender, &packets[done], error);
            segments = false;
            continue;
        }
        packets[done++].error = error;
        sp2__udp_sender_count(&sender->stats.refused, 1);
    }
    return done;
}
