/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_ERROR_H
#define SP2_BASE_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "spead2core/status.h"

/*
 * Sets this thread's last error and returns `status`, so that a failing function ends with
 * `return sp2__fail(SP2_E_ARG, 0, "...")`. `os_code` is errno, or 0.
 */
SP2__COLD int32_t sp2__fail(int32_t status, int32_t os_code, const char *format, ...)
    SP2__PRINTF(3, 4);

/* The same for SP2_E_NOMEM: `what` needed the memory. */
SP2__COLD int32_t sp2__fail_memory(const char *what);

/* The same for SP2_E_ARG: an argument that must not be NULL. */
SP2__COLD int32_t sp2__fail_null(const char *function, const char *argument);

/* The same for SP2_E_FORKED: an argument that is an inherited copy (base/process.h). */
SP2__COLD int32_t sp2__fail_forked(const char *function, const char *argument);

/* Whether an operating system's error number says that there is no memory. */
bool sp2__os_error_is_memory(int32_t os_code);

/* Text of an operating system's error number, written into `buffer`. */
const char *sp2__os_error_text(int32_t os_code, char *buffer, uint32_t size);

#endif
