/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

bool sp2__os_error_is_memory(int32_t os_code) {
    return os_code == ENOMEM;
}

const char *sp2__os_error_text(int32_t os_code, char *buffer, uint32_t size) {
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
    return strerror_r(os_code, buffer, size);
#else
    if (strerror_r(os_code, buffer, size) != 0) {
        snprintf(buffer, size, "error %d", (int)os_code);
    }
    return buffer;
#endif
}
