/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_COMPILER_H
#define SP2_BASE_COMPILER_H

#include <stddef.h>

#if defined(__GNUC__)
#define SP2__LIKELY(x) __builtin_expect(!!(x), 1)
#define SP2__UNLIKELY(x) __builtin_expect(!!(x), 0)
#define SP2__COLD __attribute__((cold, noinline))
#if defined(__MINGW32__)
#define SP2__PRINTF(text, first) __attribute__((format(gnu_printf, text, first)))
#else
#define SP2__PRINTF(text, first) __attribute__((format(printf, text, first)))
#endif
#define SP2__INLINE static inline __attribute__((always_inline))
#define SP2__PREFETCH_WRITE(p) __builtin_prefetch((p), 1)
#else
#define SP2__LIKELY(x) (x)
#define SP2__UNLIKELY(x) (x)
#define SP2__COLD
#define SP2__PRINTF(text, first)
#define SP2__INLINE static inline
#define SP2__PREFETCH_WRITE(p) ((void)(p))
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SP2__ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SP2__ADDRESS_SANITIZER
#endif
#endif

/* Data of different threads is kept this far apart: two cache lines, as they are fetched in pairs.
 */
#define SP2__CACHE_ISOLATION 128

/* The structure that has `member` at `pointer`. */
#define SP2__CONTAINER(pointer, type, member)                                                      \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
