/* SPDX-License-Identifier: MIT */
#include "transport/udp_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/steer.h"
#include "transport/udp_group.h"

/* In <linux/udp.h> and <asm-generic/socket.h>, but not in the C library's headers of every age. */
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

/* Largest buffer of a socket: the kernel doubles the number, so that larger ones would overflow. */
#define LARGEST_BUFFER (INT_MAX / 2)

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
    const bool too_large = config->buffer_size > LARGEST_BUFFER;
    const int size = too_large ? LARGEST_BUFFER : (int)config->buffer_size;
    int error = setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0 ? 0 : errno;
    if (error == 0 && granted_buffer(fd) < config->buffer_size) {
        /* Allowed to administrators only; others keep what they were granted. */
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    }
    if (logger == NULL) {
        return; /* it was said of the socket before */
    }
    const uint64_t granted = granted_buffer(fd);
    if (error != 0) {
        char text[128];
        SP2__LOG(logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
                 "cannot set a socket buffer of %" PRIu64 " bytes (%s); it has %" PRIu64,
                 config->buffer_size, sp2__os_error_text(error, text, sizeof(text)), granted);
    } else if (granted < config->warn_below) {
        char advice[160] = "";
        int length = 0;
        if (too_large) {
            length = snprintf(advice, sizeof(advice), "; Linux grants %d at most", LARGEST_BUFFER);
        }
        if (granted < (uint64_t)size) {
            snprintf(advice + length, sizeof(advice) - (size_t)length,
                     "; to allow %s, run `sysctl -w net.core.rmem_max=%d`%s",
                     too_large ? "that" : "it", size, in_container() ? " on the host" : "");
        }
        SP2__LOG(logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
                 "asked for a socket buffer of %" PRIu64 " bytes, but the system granted %" PRIu64
                 ": packets may be lost in bursts%s",
                 config->buffer_size, granted, advice);
    }
}

static int32_t fail_socket(const sp2__udp_config *config, int error, const char *step) {
    char text[128];
    return sp2__fail(error == ENOMEM ? SP2_E_NOMEM : SP2_E_OS, error,
                     "cannot %s UDP port %u of %s: %s", step, (unsigned)config->port,
                     sp2__udp_target(config), sp2__os_error_text(error, text, sizeof(text)));
}

/* *port is what a socket is bound to; 0 if it is not. */
static int32_t find_port(int fd, uint32_t *port) {
    sp2__ip_address address = {0};
    socklen_t length = sizeof(address);
    *port = 0;
    if (getsockname(fd, &address.any, &length) != 0) {
        const int error = errno;
        char text[128];
        return sp2__fail(SP2_E_OS, error, "cannot find out the port of a UDP socket: %s",
                         sp2__os_error_text(error, text, sizeof(text)));
    }
    *port = ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
    return SP2_OK;
}

/* Offset of the last four bytes of the first item pointer, in a packet. */
#define STEERING_WORD 12

/* What sp2__steer does, for a packet that begins at `start`: leaves the member's number in
 * the accumulator. Shorter packets are all of the same member. */
#define OWNER_PROGRAM(start, members)                                                              \
    BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),                                                         \
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (start) + STEERING_WORD + 4, 2, 0),                    \
        BPF_STMT(BPF_LD | BPF_IMM, 0), BPF_STMT(BPF_JMP | BPF_JA, 4),                              \
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (start) + STEERING_WORD),                               \
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, SP2__STEER_FACTOR),                                    \
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, SP2__STEER_SHIFT),                                     \
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, (members))

/* A group's sockets get all of its packets each: each keeps those of its own member. The program of
 * such a filter sees the UDP header, too. */
static bool attach_filter(int fd, uint32_t members, uint32_t member) {
    enum { UDP_HEADER = 8 };
    struct sock_filter code[] = {
        OWNER_PROGRAM(UDP_HEADER, members),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, member, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

void sp2__udp_steer(intptr_t socket, uint32_t members) {
    struct sock_filter code[] = {
        OWNER_PROGRAM(0, members),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
    /* Without it the kernel chooses by the sender's address. */
    (void)setsockopt((int)socket, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program));
}

/* Lets other sockets share the port, before it is bound. Only the first of several may fail: it is
 * the only one then. */
static int32_t share(int fd, const sp2__udp_config *config, sp2__udp_address *address,
                     bool *shares) {
    const int on = 1;
    *shares = false;
    if (config->members == 0) {
        return SP2_OK;
    }
    if (address->multicast) {
        *shares = attach_filter(fd, config->members, config->member);
        address->members = *shares ? config->members : 0;
        address->member = config->member;
    } else {
        *shares = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0;
    }
    return *shares || config->member == 0 ? SP2_OK : fail_socket(config, errno, "share");
}

/* Everything between opening and using a socket; the caller closes it on failure. */
static int32_t prepare(int fd, const sp2__udp_config *config, sp2__udp_address *address,
                       sp2__logger *logger, bool *shares) {
    set_buffer(fd, config, logger);
    const int32_t shared = share(fd, config, address, shares);
    if (shared != SP2_OK) {
        return shared;
    }
    if (address->multicast) {
        const int32_t status = sp2__udp_join(fd, config, address);
        if (status != SP2_OK) {
            return status;
        }
    }
    if (bind(fd, &address->bind_to.any, address->length) != 0) {
        return fail_socket(config, errno, "bind to");
    }
    return SP2_OK;
}

static int32_t open_new(const sp2__udp_config *config, sp2__logger *logger, int *fd,
                        sp2__udp_address *address, bool *shares) {
    const int32_t status = sp2__udp_resolve(config, AF_UNSPEC, address);
    if (status != SP2_OK) {
        return status;
    }
    *fd = socket(address->bind_to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
    if (*fd < 0) {
        return fail_socket(config, errno, "open a socket for");
    }
    return prepare(*fd, config, address, logger, shares);
}

static int socket_property(int fd, int option) {
    int value = -1;
    socklen_t length = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

int32_t sp2__udp_inspect(const char *options, int64_t socket, uint32_t *port) {
    const int fd = socket < 0 || socket > INT_MAX ? -1 : (int)socket;
    const int type = socket_property(fd, SO_TYPE);
    if (type < 0) {
        const int error = errno;
        char text[128];
        return sp2__fail(SP2_E_ARG, error, "%s.socket is %" PRId64 ", which is no open socket: %s",
                         options, socket, sp2__os_error_text(error, text, sizeof(text)));
    }
    const int family = socket_property(fd, SO_DOMAIN);
    if ((family != AF_INET && family != AF_INET6) || type != SOCK_DGRAM ||
        socket_property(fd, SO_PROTOCOL) != IPPROTO_UDP) {
        return sp2__fail(SP2_E_ARG, 0,
                         "%s.socket is %" PRId64
                         ", which is a socket, but not one for UDP over IPv4 or IPv6",
                         options, socket);
    }
    return find_port(fd, port);
}

static int32_t adopt(const sp2__udp_config *config, sp2__logger *logger, int *fd,
                     sp2__udp_address *address) {
    *fd = fcntl((int)config->socket, F_DUPFD_CLOEXEC, 0);
    if (*fd < 0) {
        const int error = errno;
        char text[128];
        return sp2__fail(SP2_E_OS, error, "cannot duplicate the socket %jd: %s",
                         (intmax_t)config->socket, sp2__os_error_text(error, text, sizeof(text)));
    }
    uint32_t port;
    int32_t status = find_port(*fd, &port);
    if (status != SP2_OK || port != 0) {
        return status;
    }
    status = sp2__udp_resolve(config, socket_property(*fd, SO_DOMAIN), address);
    bool shares;
    return status == SP2_OK ? prepare(*fd, config, address, logger, &shares) : status;
}

int32_t sp2__udp_open(const sp2__udp_config *config, sp2__logger *logger, sp2__udp_opened *opened) {
    const int on = 1;
    int fd = -1;
    *opened = (sp2__udp_opened){0};
    int32_t status = config->existing
                         ? adopt(config, logger, &fd, &opened->group)
                         : open_new(config, logger, &fd, &opened->group, &opened->shares);
    if (status == SP2_OK) {
        status = find_port(fd, &opened->port);
    }
    if (status != SP2_OK) {
        sp2__udp_address_free(&opened->group);
        if (fd >= 0) {
            close(fd);
        }
        return status;
    }
    opened->joins = setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) == 0;
    opened->buffer_size = 2 * granted_buffer(fd);
    opened->socket = fd;
    return SP2_OK;
}

int32_t sp2__udp_open_again(sp2__udp_address *group, uint64_t buffer_size, intptr_t *opened) {
    const int on = 1;
    const int fd = socket(group->bind_to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
    if (fd < 0) {
        return errno;
    }
    const sp2__udp_config config = {.buffer_size = buffer_size};
    int error = 0;
    set_buffer(fd, &config, NULL);
    if (group->members != 0 && !attach_filter(fd, group->members, group->member)) {
        error = errno;
    } else if (sp2__udp_join(fd, &config, group) != SP2_OK) {
        error = sp2_last_error_os_code();
    } else if (bind(fd, &group->bind_to.any, group->length) != 0) {
        error = errno;
    }
    if (error != 0) {
        close(fd);
        return error;
    }
    (void)setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
    *opened = fd;
    return 0;
}

void sp2__udp_describe(intptr_t socket, sp2_packet_source_info *info) {
    sp2__ip_address address;
    socklen_t length = sizeof(address);
    memset(&address, 0, sizeof(address));
    if (getsockname((int)socket, &address.any, &length) == 0) {
        sp2__ip_address_describe(&address, (uint32_t)length, info);
    }
}

void sp2__udp_close(intptr_t socket, sp2__udp_batch *batch) {
    (void)batch;
    close((int)socket);
}

/* Bytes of control messages that options of a caller's socket ask for, such as time stamps: they
 * come first, and must not push out the one that is needed. */
#define OTHER_CONTROL 256

/* Room for the control message that is asked for, the size of coalesced datagrams, and others. */
typedef union control_buffer {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int)) + OTHER_CONTROL];
} control_buffer;

struct sp2__udp_batch {
    uint32_t slots;
    uint32_t slot_size;
    struct mmsghdr *messages;
    struct iovec *vectors;
    control_buffer *controls;
    uint8_t *bytes;
    sp2__ip_address *senders; /* of the messages that were asked for: at least of the first */
    sp2__ip_address told;     /* the sender that was told last */
};

/* Mapped for itself, as malloc keeps more of all that is freed once such a large block has been. */
static uint8_t *map_bytes(size_t size) {
    if (sp2__alloc_should_fail()) {
        return NULL;
    }
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return bytes == MAP_FAILED ? NULL : bytes;
}

static void free_batch(sp2__udp_batch *batch) {
    if (batch != NULL) {
        sp2__free(batch->messages);
        sp2__free(batch->vectors);
        sp2__free(batch->controls);
        sp2__free(batch->senders);
        if (batch->bytes != NULL) {
            munmap(batch->bytes, (size_t)batch->slots * batch->slot_size);
        }
        sp2__free(batch);
    }
}

bool sp2__udp_batch_try_free(sp2__udp_batch *batch) {
    free_batch(batch);
    return true;
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
    batch->senders = sp2__calloc_array(slots, sizeof(*batch->senders));
    batch->bytes = map_bytes((size_t)slots * slot_size);
    if (batch->messages == NULL || batch->vectors == NULL || batch->controls == NULL ||
        batch->senders == NULL || batch->bytes == NULL) {
        free_batch(batch);
        return NULL;
    }
    for (uint32_t i = 0; i < slots; i++) {
        batch->vectors[i].iov_base = batch->bytes + (size_t)i * slot_size;
        batch->vectors[i].iov_len = slot_size;
        batch->messages[i].msg_hdr.msg_iov = &batch->vectors[i];
        batch->messages[i].msg_hdr.msg_iovlen = 1;
        batch->messages[i].msg_hdr.msg_control = &batch->controls[i];
        batch->messages[i].msg_hdr.msg_controllen = sizeof(batch->controls[i]);
        batch->messages[i].msg_hdr.msg_namelen = sizeof(batch->senders[i]);
    }
    batch->messages[0].msg_hdr.msg_name = &batch->senders[0];
    return batch;
}

void sp2__udp_batch_ask_senders(sp2__udp_batch *batch, bool all) {
    for (uint32_t i = 1; i < batch->slots; i++) {
        batch->messages[i].msg_hdr.msg_name = all ? &batch->senders[i] : NULL;
    }
}

/* Errors taken out of a socket's queue at a time; the others are there next time. */
#define ERRORS_AT_A_TIME 64

/* Entries of the queue that a caller's socket may have (IP_RECVERR, time stamps of what was sent):
 * as long as there is one the socket reports an error, whatever is waited for. */
static uint32_t take_queued_errors(int fd) {
    uint32_t count = 0;
    uint8_t byte; /* without any room qemu says that it has received, and has not */
    struct iovec room = {.iov_base = &byte, .iov_len = sizeof(byte)};
    struct msghdr message = {.msg_iov = &room, .msg_iovlen = 1};
    while (count < ERRORS_AT_A_TIME && recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
        count++;
    }
    return count;
}

/* Why a socket that was reported to have something has nothing. */
static SP2__COLD void find_reason(int fd, sp2__udp_reception *reception) {
    struct pollfd look = {.fd = fd, .events = POLLRDHUP};
    if (poll(&look, 1, 0) == 1) {
        reception->shut_down = look.revents & POLLRDHUP;
        if (look.revents & POLLERR) {
            reception->queued_errors = take_queued_errors(fd);
        }
    }
}

void sp2__udp_receive(intptr_t socket, sp2__udp_batch *batch, sp2__udp_reception *reception) {
    const int fd = (int)socket;
    int received;
    do {
        received = recvmmsg(fd, batch->messages, batch->slots, MSG_DONTWAIT, NULL);
    } while (received < 0 && errno == EINTR);
    *reception = (sp2__udp_reception){.count = received > 0 ? (uint32_t)received : 0};
    if (SP2__UNLIKELY(received < 0)) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            find_reason(fd, reception);
        } else {
            reception->error = errno;
        }
    }
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
        .sender = message->msg_hdr.msg_name,
    };
    /* The kernel has shortened them to what it wrote: made ready for the next call. */
    message->msg_hdr.msg_controllen = sizeof(batch->controls[index]);
    message->msg_hdr.msg_namelen = sizeof(batch->senders[index]);
    return result;
}

void sp2__udp_tell_sender(sp2__udp_batch *batch, sp2_packet_source_stats *stats) {
    if (memcmp(&batch->senders[0], &batch->told, sizeof(batch->told)) != 0) {
        batch->told = batch->senders[0];
        sp2__ip_address_tell(&batch->senders[0], stats->sender, sizeof(stats->sender),
                             &stats->sender_port);
    }
}

bool sp2__udp_look(intptr_t socket, uint32_t *drops, bool *empty) {
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t length = sizeof(info);
    if (getsockopt((int)socket, SOL_SOCKET, SO_MEMINFO, info, &length) != 0 ||
        length <= SK_MEMINFO_DROPS * sizeof(info[0])) {
        return false;
    }
    *drops = info[SK_MEMINFO_DROPS];
    *empty = info[SK_MEMINFO_RMEM_ALLOC] == 0;
    return true;
}

void sp2__udp_count_drops(intptr_t socket, uint32_t *seen, _Atomic uint64_t *dropped) {
    uint32_t drops;
    bool empty;
    if (sp2__udp_look(socket, &drops, &empty)) {
        const uint32_t more = drops - *seen;
        *seen = drops;
        atomic_fetch_add_explicit(dropped, more, memory_order_relaxed);
    }
}
