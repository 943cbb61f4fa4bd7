/* SPDX-License-Identifier: MIT */
#ifndef SP2_TRANSPORT_UDP_SOCKET_H
#define SP2_TRANSPORT_UDP_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/logger.h"
#include "spead2core/source.h"
#include "transport/udp_address.h"

/* What one message of the kernel brought: one datagram, or several of the same sender in a row that
 * the kernel has joined (generic receive offload), each of `segment` bytes but the last. */
typedef struct sp2__udp_message {
    const uint8_t *data;
    uint32_t length;
    uint32_t segment;              /* 0 if and only if length is */
    bool truncated;                /* the message did not fit, so its end is missing */
    const sp2__ip_address *sender; /* NULL: not known */
} sp2__udp_message;

/* Room for the messages of one system call. */
typedef struct sp2__udp_batch sp2__udp_batch;

/* Says whether a caller's socket can be received from: *port is what it is bound to, or 0. Returns
 * SP2_OK, SP2_E_ARG or SP2_E_OS. */
int32_t sp2__udp_inspect(const char *options, int64_t socket, uint32_t *port);

#define SP2__NO_SOCKET ((intptr_t)-1)

/* A socket that is ready to receive. */
typedef struct sp2__udp_opened {
    intptr_t socket;
    uint32_t port;          /* that it is bound to */
    bool joins;             /* the kernel may join datagrams */
    bool shares;            /* the other sockets that are to share the port can be opened */
    uint64_t buffer_size;   /* bytes that wait in the socket at most */
    sp2__udp_address group; /* that it has joined; `multicast` is false if it has joined none */
} sp2__udp_opened;

/* Opens and binds a socket, and joins the group. An existing socket is duplicated, and if it is
 * bound already, nothing but `joins` is done to it. Returns an sp2_status; on success the caller
 * frees the group's address and closes the socket. */
int32_t sp2__udp_open(const sp2__udp_config *config, sp2__logger *logger, sp2__udp_opened *opened);

/* Once all sockets of a port are open: has the kernel choose one by the cnt of a packet's heap,
 * where it can. A group's sockets choose by filters instead. */
void sp2__udp_steer(intptr_t socket, uint32_t members);

/* Opens another socket for a group, which joins it again; logs nothing. Returns 0 or an error
 * number. */
int32_t sp2__udp_open_again(sp2__udp_address *group, uint64_t buffer_size, intptr_t *opened);

/* Fills in the address that a socket is bound to, and the group if that is one. */
void sp2__udp_describe(intptr_t socket, sp2_packet_source_info *info);

/* Nothing is received into the batch from then on, which may be NULL if nothing ever was. */
void sp2__udp_close(intptr_t socket, sp2__udp_batch *batch);

/* NULL if there is no memory. Each message has room for `slot_size` bytes. */
sp2__udp_batch *sp2__udp_batch_create(uint32_t slots, uint32_t slot_size);

/* Only after the socket has been closed. False, and nothing happens, while the system or a loop
 * still uses the batch, which is not for long. NULL is allowed. */
bool sp2__udp_batch_try_free(sp2__udp_batch *batch);

/* What became of an attempt to receive. */
typedef struct sp2__udp_reception {
    uint32_t count;         /* messages that are in the batch now */
    int32_t error;          /* what the socket told, or 0 */
    uint32_t queued_errors; /* taken out of the socket's queue of errors */
    bool again;             /* receive once more although the socket does not become readable */
    bool shut_down;         /* nothing is there, but the socket is readable forever */
    bool ended;             /* nothing will ever arrive */
} sp2__udp_reception;

/* Takes what has arrived, without waiting. */
void sp2__udp_receive(intptr_t socket, sp2__udp_batch *batch, sp2__udp_reception *reception);

sp2__udp_message sp2__udp_message_at(const sp2__udp_batch *batch, uint32_t index);

/* Says whether the senders of all messages are to be known from the next batch on, or only of the
 * first message of each. No message of the batch under way may be looked at afterwards. */
void sp2__udp_batch_ask_senders(sp2__udp_batch *batch, bool all);

/* Writes who sent the first message of a batch that is not empty. */
void sp2__udp_tell_sender(sp2__udp_batch *batch, sp2_packet_source_stats *stats);

/* Reads the kernel's counter of what a socket has dropped, which wraps, and whether nothing waits
 * in the socket. False: the system does not tell. */
bool sp2__udp_look(intptr_t socket, uint32_t *drops, bool *empty);

/* Adds the packets that the kernel has dropped; `*seen` is what the kernel's own counter, which
 * wraps, said last. */
void sp2__udp_count_drops(intptr_t socket, uint32_t *seen, _Atomic uint64_t *dropped);

#endif
