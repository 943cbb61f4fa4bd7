/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_LOG_CAPTURE_H
#define SPEAD2CORE_TESTS_LOG_CAPTURE_H

#include <stdint.h>

#include "test_threads.h"

enum { LOG_CAPTURE_TEXT = 65536 };

/* Keeps log messages, one a line; those beyond the space are counted only. */
typedef struct log_capture {
    test_mutex mutex;
    uint32_t counts[4]; /* by level */
    size_t length;
    char text[LOG_CAPTURE_TEXT];
} log_capture;

#define LOG_CAPTURE_INIT                                                                           \
    { .mutex = TEST_MUTEX_INIT }

/* An sp2_log_fn; `context` is the log_capture. */
void log_capture_message(void *context, int32_t level, const char *message);
uint32_t log_capture_count(log_capture *log, int32_t level);
bool log_capture_contains(log_capture *log, const char *part);
/* Lines that contain `part`. */
uint32_t log_capture_count_of(log_capture *log, const char *part);

#endif
