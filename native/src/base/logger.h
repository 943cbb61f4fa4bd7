/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_LOGGER_H
#define SP2_BASE_LOGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/thread.h"
#include "spead2core/log.h"

/* Kinds of messages; the rate of each is limited apart, so that none hides another. */
typedef enum sp2__message {
    SP2__MESSAGE_PACKET,          /* bytes that are not a packet */
    SP2__MESSAGE_DATAGRAM,        /* a datagram of the wrong size */
    SP2__MESSAGE_REJECTED,        /* a packet that contradicts its heap */
    SP2__MESSAGE_ORDER,           /* a packet out of order, in in-order mode */
    SP2__MESSAGE_DUPLICATE,       /* a packet received before */
    SP2__MESSAGE_TOO_LARGE,       /* a heap over a limit */
    SP2__MESSAGE_MEMORY,          /* no memory for a packet */
    SP2__MESSAGE_INCOMPLETE_HEAP, /* an incomplete heap was dropped */
    SP2__MESSAGE_MAX_HEAPS,       /* more heaps are under way than there are slots */
    SP2__MESSAGE_DROPPED_AT_STOP, /* a heap was dropped because the user stopped the stream */
    SP2__MESSAGE_RING_FULL,       /* the consumer is too slow */
    SP2__MESSAGE_SOCKET,          /* a socket reports an error, or is not as asked for */
    SP2__MESSAGE_CAPTURE,         /* a frame or the end of a capture */
    SP2__MESSAGE_THREAD,          /* a thread could not be bound to its CPU */
    SP2__MESSAGE_POOL_EMPTY,      /* a memory pool had no block */
    SP2__MESSAGE_COUNT
} sp2__message;

/* How often a kind was logged in the current second. */
typedef struct sp2__message_rate {
    uint64_t second_start_ns;
    uint64_t logged;
    uint64_t left_out;
    int32_t level; /* of the latest one */
} sp2__message_rate;

typedef struct sp2__logger {
    sp2_log_fn log;
    void *context;
    int32_t level; /* messages above this level are not made */
    sp2__mutex lock;
    sp2__message_rate rates[SP2__MESSAGE_COUNT];
} sp2__logger;

/* `log` NULL means standard error, `level` SP2_LOG_DEFAULT warnings only. */
void sp2__logger_init(sp2__logger *logger, sp2_log_fn log, void *context, uint32_t level);

/* Says what was left out so far, and ends. */
void sp2__logger_destroy(sp2__logger *logger);

/* Says how many messages of each kind were left out since that was last said. */
void sp2__logger_flush(sp2__logger *logger);

SP2__COLD void sp2__logger_write(sp2__logger *logger, sp2__message kind, int32_t level,
                                 const char *format, ...) SP2__PRINTF(4, 5);

/* Logs if the level is wanted; arguments are not evaluated otherwise. */
#define SP2__LOG(logger, kind, severity, ...)                                                      \
    do {                                                                                           \
        if (SP2__UNLIKELY((severity) <= (logger)->level)) {                                        \
            sp2__logger_write((logger), (kind), (severity), __VA_ARGS__);                          \
        }                                                                                          \
    } while (0)

#endif
