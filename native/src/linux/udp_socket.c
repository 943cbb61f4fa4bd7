/* SPDX-License-Identifier: MIT */
#include "base/udp_socket.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"

/* In <linux/udp.h> and <asm-generic/socket.h>, but not in the C library's headers of every age. */
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

static const char *os_text(int error, char *buffer, uint32_t size) {
    return sp2__os_error_text(error, buffer, size);
}

/* The first address that the host name resolves to. The result is freed by freeaddrinfo. */
static int32_t resolve(const sp2__udp_config *config, struct addrinfo **result) {
    const bool any = config->host == NULL || config->host[0] == '\0';
    const struct addrinfo hints = {
        .ai_family = any ? AF_INET : AF_UNSPEC,
        .ai_socktype = SOCK_DGRAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    char port[16];
    snprintf(port, sizeof(port), "%u", (unsigned)config->port);
    const int error = getaddrinfo(any ? NULL : config->host, port, &hints, result);
    if (error != 0) {
        return sp2__fail(SP2_E_ADDRESS, error == EAI_SYSTEM ? errno : 0,
                         "cannot resolve bind_host \"%s\": %s", any ? "" : config->host,
                         gai_strerror(error));
    }
    return SP2_OK;
}

static bool in_container(void) {
    return access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 ||
           getenv("container") != NULL;
}

/* Bytes of payload that fit the buffer: the kernel reports twice of what was set, and keeps the
 * other half for its own records. */
static uint64_t granted_buffer(int fd) {
    int size = 0;
    socklen_t length = sizeof(size);
    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length);
    return (uint64_t)size / 2;
}

static void set_buffer(int fd, const sp2__udp_config *config, sp2__logger *logger) {
    if (config->buffer_size == 0) {
        return;
    }
    /* The kernel doubles the number, so that larger ones would overflow. */
    const int size = config->buffer_size > INT_MAX / 2 ? INT_MAX / 2 : (int)config->buffer_size;
    int error = setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0 ? 0 : errno;
    if (error == 0 && granted_buffer(fd) < config->buffer_size) {
        /* Allowed to administrators only; others keep what they were granted. */
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    }
    const uint64_t granted = granted_buffer(fd);
    if (error != 0) {
        char text[128];
        SP2__LOG(logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
                 "cannot set a socket buffer of %" PRIu64 " bytes (%s); it has %" PRIu64,
                 config->buffer_size, os_text(error, text, sizeof(text)), granted);
    } else if (granted < config->warn_below) {
        SP2__LOG(logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
                 "asked for a socket buffer of %" PRIu64 " bytes, but the system granted %" PRIu64
                 ": packets may be lost in bursts; to allow it, run `sysctl -w "
                 "net.core.rmem_max=%" PRIu64 "`%s",
                 config->buffer_size, granted, config->buffer_size,
                 in_container() ? " on the host" : "");
    }
}

static bool is_multicast(const struct sockaddr *address) {
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
        return IN6_IS_ADDR_MULTICAST(&in6->sin6_addr);
    }
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    return IN_MULTICAST(ntohl(in->sin_addr.s_addr));
}

/* Joins a group on the interface that the system chooses. Returns 0 or an error number. */
static int join_group(int fd, const struct sockaddr *group) {
    const int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
        return errno;
    }
    int result;
    if (group->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)group;
        const struct ipv6_mreq request = {.ipv6mr_multiaddr = in6->sin6_addr};
        result = setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof(request));
    } else {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)group;
        const struct ip_mreq request = {.imr_multiaddr = in->sin_addr};
        result = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request));
    }
    return result == 0 ? 0 : errno;
}

static uint32_t bound_port(int fd) {
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        return 0;
    }
    return address.ss_family == AF_INET6
               ? ntohs(((const struct sockaddr_in6 *)(const void *)&address)->sin6_port)
               : ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port);
}

static int32_t fail_socket(const sp2__udp_config *config, int error, const char *step) {
    char text[128];
    return sp2__fail(SP2_E_OS, error, "cannot %s UDP port %u of %s: %s", step,
                     (unsigned)config->port,
                     config->host != NULL && config->host[0] != '\0' ? config->host : "any address",
                     os_text(error, text, sizeof(text)));
}

/* Everything between opening and using a socket; the caller closes it on failure. */
static int32_t prepare(int fd, const struct addrinfo *address, const sp2__udp_config *config,
                       sp2__logger *logger) {
    set_buffer(fd, config, logger);
    if (is_multicast(address->ai_addr)) {
        const int error = join_group(fd, address->ai_addr);
        if (error != 0) {
            return fail_socket(config, error, "join the multicast group at");
        }
    }
    if (bind(fd, address->ai_addr, address->ai_addrlen) != 0) {
        return fail_socket(config, errno, "bind to");
    }
    return SP2_OK;
}

int32_t sp2__udp_open(const sp2__udp_config *config, sp2__logger *logger, intptr_t *opened,
                      uint32_t *port, bool *joins) {
    struct addrinfo *address;
    int32_t status = resolve(config, &address);
    if (status != SP2_OK) {
        return status;
    }
    const int fd = socket(address->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        status = fail_socket(config, errno, "open a socket for");
    } else {
        status = prepare(fd, address, config, logger);
    }
    freeaddrinfo(address);
    if (status != SP2_OK) {
        if (fd >= 0) {
            close(fd);
        }
        return status;
    }
    const int on = 1;
    *joins = setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) == 0;
    *port = bound_port(fd);
    *opened = fd;
    return SP2_OK;
}

void sp2__udp_close(intptr_t socket) {
    close((int)socket);
}

/* Room for the one control message that is asked for: the size of joined datagrams. */
typedef union control_buffer {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
} control_buffer;

struct sp2__udp_batch {
    uint32_t slots;
    uint32_t slot_size;
    struct mmsghdr *messages;
    struct iovec *vectors;
    control_buffer *controls;
    uint8_t *bytes;
};

void sp2__udp_batch_free(sp2__udp_batch *batch) {
    if (batch != NULL) {
        sp2__free(batch->messages);
        sp2__free(batch->vectors);
        sp2__free(batch->controls);
        sp2__free(batch->bytes);
        sp2__free(batch);
    }
}

sp2__udp_batch *sp2__udp_batch_create(uint32_t slots, uint32_t slot_size) {
    sp2__udp_batch *batch = sp2__calloc_array(1, sizeof(*batch));
    if (batch == NULL) {
        return NULL;
    }
    batch->slots = slots;
    batch->slot_size = slot_size;
    batch->messages = sp2__calloc_array(slots, sizeof(*batch->messages));
    batch->vectors = sp2__calloc_array(slots, sizeof(*batch->vectors));
    batch->controls = sp2__calloc_array(slots, sizeof(*batch->controls));
    batch->bytes = sp2__alloc((size_t)slots * slot_size);
    if (batch->messages == NULL || batch->vectors == NULL || batch->controls == NULL ||
        batch->bytes == NULL) {
        sp2__udp_batch_free(batch);
        return NULL;
    }
    for (uint32_t i = 0; i < slots; i++) {
        batch->vectors[i].iov_base = batch->bytes + (size_t)i * slot_size;
        batch->vectors[i].iov_len = slot_size;
        batch->messages[i].msg_hdr.msg_iov = &batch->vectors[i];
        batch->messages[i].msg_hdr.msg_iovlen = 1;
        batch->messages[i].msg_hdr.msg_control = &batch->controls[i];
        batch->messages[i].msg_hdr.msg_controllen = sizeof(batch->controls[i]);
    }
    return batch;
}

int32_t sp2__udp_receive(intptr_t socket, sp2__udp_batch *batch, uint32_t *count) {
    int received;
    do {
        received = recvmmsg((int)socket, batch->messages, batch->slots, MSG_DONTWAIT, NULL);
    } while (received < 0 && errno == EINTR);
    *count = received > 0 ? (uint32_t)received : 0;
    return received >= 0 || errno == EAGAIN || errno == EWOULDBLOCK ? 0 : errno;
}

/* Size of the datagrams that were joined into a message; 0 if none were. */
static uint32_t joined_size(struct msghdr *header) {
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO) {
            int size;
            memcpy(&size, CMSG_DATA(control), sizeof(size));
            return size > 0 ? (uint32_t)size : 0;
        }
    }
    return 0;
}

sp2__udp_message sp2__udp_message_at(const sp2__udp_batch *batch, uint32_t index) {
    struct mmsghdr *message = &batch->messages[index];
    const uint32_t joined = joined_size(&message->msg_hdr);
    const sp2__udp_message result = {
        .data = batch->vectors[index].iov_base,
        .length = message->msg_len,
        .segment = joined != 0 ? joined : message->msg_len,
        .truncated = message->msg_hdr.msg_flags & MSG_TRUNC,
    };
    /* The kernel has shortened it to what it wrote: made ready for the next call. */
    message->msg_hdr.msg_controllen = sizeof(batch->controls[index]);
    return result;
}

void sp2__udp_count_drops(intptr_t socket, uint32_t *seen, _Atomic uint64_t *dropped) {
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t length = sizeof(info);
    if (getsockopt((int)socket, SOL_SOCKET, SO_MEMINFO, info, &length) == 0 &&
        length > SK_MEMINFO_DROPS * sizeof(info[0])) {
        const uint32_t more = info[SK_MEMINFO_DROPS] - *seen;
        *seen = info[SK_MEMINFO_DROPS];
        atomic_fetch_add_explicit(dropped, more, memory_order_relaxed);
    }
}
