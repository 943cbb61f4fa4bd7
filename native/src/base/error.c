/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

/* Long enough for every message with a host name of 255 bytes in it. */
#define MESSAGE_SIZE 1024

static SP2__THREAD_LOCAL char last_message[MESSAGE_SIZE];
static SP2__THREAD_LOCAL int32_t last_os_code;

int32_t sp2__fail(int32_t status, int32_t os_code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_message, sizeof(last_message), format, arguments);
    va_end(arguments);
    last_os_code = os_code;
    return status;
}

int32_t sp2__fail_memory(const char *what) {
    return sp2__fail(SP2_E_NOMEM, 0, "not enough memory for %s", what);
}

int32_t sp2__fail_null(const char *function, const char *argument) {
    return sp2__fail(SP2_E_ARG, 0, "%s: %s must not be NULL", function, argument);
}

int32_t sp2__fail_forked(const char *function, const char *argument) {
    return sp2__fail(SP2_E_FORKED, 0,
                     "%s: %s was made before this process was forked and belongs to its parent; "
                     "make a new one here",
                     function, argument);
}

const char *sp2_last_error_message(void) {
    return last_message;
}

int32_t sp2_last_error_os_code(void) {
    return last_os_code;
}
