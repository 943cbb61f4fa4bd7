/* SPDX-License-Identifier: MIT */
#include "log_capture.h"

#include <string.h>

void log_capture_message(void *context, int32_t level, const char *message) {
    log_capture *log = context;
    const size_t length = strlen(message);
    CHECK(level >= 1 && level <= 3);
    CHECK(strchr(message, '\n') == NULL);
    test_mutex_lock(&log->mutex);
    if (level >= 1 && level <= 3) {
        log->counts[level]++;
    }
    if (log->length + length + 2 <= sizeof(log->text)) {
        memcpy(log->text + log->length, message, length);
        log->length += length;
        log->text[log->length++] = '\n';
        log->text[log->length] = '\0';
    }
    test_mutex_unlock(&log->mutex);
}

uint32_t log_capture_count(log_capture *log, int32_t level) {
    test_mutex_lock(&log->mutex);
    const uint32_t count = log->counts[level];
    test_mutex_unlock(&log->mutex);
    return count;
}

uint32_t log_capture_count_of(log_capture *log, const char *part) {
    uint32_t count = 0;
    test_mutex_lock(&log->mutex);
    const char *at = log->text;
    while ((at = strstr(at, part)) != NULL) {
        count++;
        at = strchr(at, '\n');
        if (at == NULL) {
            break;
        }
    }
    test_mutex_unlock(&log->mutex);
    return count;
}

bool log_capture_contains(log_capture *log, const char *part) {
    return log_capture_count_of(log, part) != 0;
}
