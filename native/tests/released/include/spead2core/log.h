/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_LOG_H
#define SPEAD2CORE_LOG_H

#include <stdint.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Levels of log messages. A threshold lets through its own level and those with lower numbers. */
typedef enum sp2_log_level {
    SP2_LOG_DEFAULT = 0, /* as a threshold: SP2_LOG_WARNING */
    SP2_LOG_WARNING = 1, /* data is lost or a setting could not be honoured */
    SP2_LOG_INFO = 2,    /* a packet or heap was not used, and why */
    SP2_LOG_DEBUG = 3,   /* expected on a healthy but imperfect network, for example duplicates */
    SP2_LOG_NONE = 4     /* as a threshold: nothing is logged */
} sp2_log_level;

/*
 * Receives log messages. `level` is SP2_LOG_WARNING, SP2_LOG_INFO or SP2_LOG_DEBUG; `message` is
 * one line of UTF-8 without a line end, valid during the call. A message that repeats is limited
 * to a few a second and then says how many were left out; the statistics are never limited.
 *
 * Threads: called from worker threads and from threads inside a call of this library, possibly
 * with the stream's lock held: it must not call functions of this library on the same stream, and
 * should be quick.
 */
typedef void (*sp2_log_fn)(void *context, int32_t level, const char *message);

#ifdef __cplusplus
}
#endif

#endif
