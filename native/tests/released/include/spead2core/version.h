/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_VERSION_H
#define SPEAD2CORE_VERSION_H

#include <stdint.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Version of these headers. Within one major version the interface only grows. */
#define SP2_VERSION_MAJOR 0
#define SP2_VERSION_MINOR 1
#define SP2_VERSION_PATCH 0

/* The three numbers in one: major * 1000000 + minor * 1000 + patch. */
#define SP2_VERSION_NUMBER 1000

/*
 * Version of the library that is loaded, as SP2_VERSION_NUMBER. A program is compatible with a
 * library of the same major version whose number is at least the one it was compiled against
 * (while the major version is 0: the same minor version).
 *
 * Threads: any.
 */
SP2_API uint32_t sp2_version_number(void);

/*
 * The same as text, for example "0.1.0".
 *
 * Ownership: static, never freed.
 * Threads:   any.
 */
SP2_API const char *sp2_version_string(void);

#ifdef __cplusplus
}
#endif

#endif
