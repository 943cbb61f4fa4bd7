/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_STATUS_H
#define SPEAD2CORE_STATUS_H

#include <stdint.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Status codes: one table gives the enumerator, its number and its sentence.
 *
 * Every function that can fail returns an int32_t: SP2_OK, or one of the negative codes. The
 * numbers are the same on every operating system and a released number is never reused. What
 * the operating system said is in sp2_last_error_os_code.
 */
#define SP2_STATUS_MAP(X)                                                                          \
    X(OK, 0, "success")                                                                            \
    X(E_ARG, -1, "an argument is not valid")                                                       \
    X(E_NOMEM, -2, "not enough memory")                                                            \
    X(E_OS, -3, "the operating system refused the request")                                        \
    X(E_EMPTY, -4, "no heap is waiting")                                                           \
    X(E_STOPPED, -5, "the stream has stopped and every heap has been taken")                       \
    X(E_TIMEOUT, -6, "the time ran out before a heap arrived")                                     \
    X(E_TOO_NEW, -7, "the caller uses a feature that this library does not know yet")              \
    X(E_UNSUPPORTED, -8, "not supported by this library on this system")                           \
    X(E_ADDRESS, -9, "the host name or address cannot be used")                                    \
    X(E_STATE, -10, "not possible any more, or not yet")                                           \
    X(E_FORKED, -11, "made before a fork: only the parent process can use it")                     \
    X(E_FULL, -12, "the queue of the send stream has no room for so many heaps")

typedef enum sp2_status {
#define SP2_STATUS_ENUMERATOR(name, value, text) SP2_##name = value,
    SP2_STATUS_MAP(SP2_STATUS_ENUMERATOR)
#undef SP2_STATUS_ENUMERATOR
} sp2_status;

/*
 * Name of a status code, for example "SP2_E_ARG"; "SP2_E_UNKNOWN" for a number that is no status.
 *
 * Ownership: static, never freed.
 * Threads:   any.
 */
SP2_API const char *sp2_status_name(int32_t status);

/*
 * General sentence of a status code. sp2_last_error_message says more about one failure.
 *
 * Ownership: static, never freed.
 * Threads:   any.
 */
SP2_API const char *sp2_status_message(int32_t status);

/*
 * What failed in the last call on this thread that returned a negative status: what was wrong, the
 * value, and what to do. UTF-8. An empty string before the first failure. A successful call leaves
 * the text alone, and SP2_E_EMPTY, SP2_E_STOPPED, SP2_E_TIMEOUT and SP2_E_FULL, which are results
 * rather than faults, do not set it.
 *
 * Ownership: the library's; valid until the next failing call on the same thread.
 * Threads:   any; each thread has its own.
 */
SP2_API const char *sp2_last_error_message(void);

/*
 * The operating system's number (errno, or GetLastError on Windows) behind the last failure on this
 * thread; 0 if the failure did not come from the operating system.
 *
 * Threads: any; each thread has its own.
 */
SP2_API int32_t sp2_last_error_os_code(void);

#ifdef __cplusplus
}
#endif

#endif
