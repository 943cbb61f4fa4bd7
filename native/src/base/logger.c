/* SPDX-License-Identifier: MIT */
#include "base/logger.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* Messages of one kind that are let through in a second: enough to see what is going on. */
#define MESSAGES_PER_SECOND 5

#define MESSAGE_SIZE 512

static const char *const kind_names[SP2__MESSAGE_COUNT] = {
    [SP2__MESSAGE_PACKET] = "malformed packets",
    [SP2__MESSAGE_DATAGRAM] = "datagrams of the wrong size",
    [SP2__MESSAGE_REJECTED] = "contradictory packets",
    [SP2__MESSAGE_ORDER] = "packets out of order",
    [SP2__MESSAGE_DUPLICATE] = "duplicate packets",
    [SP2__MESSAGE_TOO_LARGE] = "heaps over a limit",
    [SP2__MESSAGE_MEMORY] = "lack of memory",
    [SP2__MESSAGE_INCOMPLETE_HEAP] = "incomplete heaps",
    [SP2__MESSAGE_MAX_HEAPS] = "heaps that were evicted too early",
    [SP2__MESSAGE_DROPPED_AT_STOP] = "heaps dropped at the stop",
    [SP2__MESSAGE_RING_FULL] = "a full ring",
    [SP2__MESSAGE_SOCKET] = "the socket",
    [SP2__MESSAGE_CAPTURE] = "the capture",
    [SP2__MESSAGE_THREAD] = "threads",
    [SP2__MESSAGE_POOL_EMPTY] = "an empty memory pool",
};

static void log_to_standard_error(void *context, int32_t level, const char *message) {
    (void)context;
    const char *name = level == SP2_LOG_WARNING ? "warning"
                       : level == SP2_LOG_INFO  ? "info"
                                                : "debug";
    fprintf(stderr, "spead2core: %s: %s\n", name, message);
}

void sp2__logger_init(sp2__logger *logger, sp2_log_fn log, void *context, uint32_t level) {
    memset(logger, 0, sizeof(*logger));
    logger->log = log != NULL ? log : log_to_standard_error;
    logger->context = context;
    logger->level = level == SP2_LOG_DEFAULT ? SP2_LOG_WARNING
                    : level >= SP2_LOG_NONE  ? -1
                                             : (int32_t)level;
    sp2__mutex_init(&logger->lock);
}

static void say_left_out(sp2__logger *logger, sp2__message kind) {
    sp2__message_rate *rate = &logger->rates[kind];
    if (rate->left_out != 0) {
        char text[MESSAGE_SIZE];
        snprintf(text, sizeof(text), "%" PRIu64 " more messages about %s were left out",
                 rate->left_out, kind_names[kind]);
        rate->left_out = 0;
        logger->log(logger->context, rate->level, text);
    }
}

void sp2__logger_flush(sp2__logger *logger) {
    sp2__mutex_lock(&logger->lock);
    for (int kind = 0; kind < SP2__MESSAGE_COUNT; kind++) {
        say_left_out(logger, (sp2__message)kind);
    }
    sp2__mutex_unlock(&logger->lock);
}

void sp2__logger_destroy(sp2__logger *logger) {
    sp2__logger_flush(logger);
    sp2__mutex_destroy(&logger->lock);
}

void sp2__logger_write(sp2__logger *logger, sp2__message kind, int32_t level, const char *format,
                       ...) {
    sp2__mutex_lock(&logger->lock);
    sp2__message_rate *rate = &logger->rates[kind];
    const uint64_t now = sp2__clock_ns();
    if (rate->logged == 0 || now - rate->second_start_ns >= SP2__NS_PER_SECOND) {
        say_left_out(logger, kind);
        rate->second_start_ns = now;
        rate->logged = 0;
    }
    rate->level = level;
    if (rate->logged >= MESSAGES_PER_SECOND) {
        rate->left_out++;
    } else {
        rate->logged++;
        char text[MESSAGE_SIZE];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        logger->log(logger->context, level, text);
    }
    sp2__mutex_unlock(&logger->lock);
}
