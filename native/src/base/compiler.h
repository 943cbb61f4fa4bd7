/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_COMPILER_H
#define SP2_BASE_COMPILER_H

#include <stddef.h>

/* What compilers name differently. Everything else is C11. */

#if defined(__x86_64__) || defined(_M_X64)
#define SP2__X86_64
#endif

#if defined(__GNUC__)
#define SP2__LIKELY(x) __builtin_expect(!!(x), 1)
#define SP2__UNLIKELY(x) __builtin_expect(!!(x), 0)
#define SP2__COLD __attribute__((cold, noinline))
#define SP2__NOINLINE __attribute__((noinline))
#if defined(__MINGW32__)
#define SP2__PRINTF(text, first) __attribute__((format(gnu_printf, text, first)))
#else
#define SP2__PRINTF(text, first) __attribute__((format(printf, text, first)))
#endif
#define SP2__INLINE static inline __attribute__((always_inline))
#define SP2__THREAD_LOCAL _Thread_local
#define SP2__PREFETCH_WRITE(p) __builtin_prefetch((p), 1)
#define SP2__SWAP_U64(x) __builtin_bswap64(x)
#elif defined(_MSC_VER)
#include <intrin.h>
#include <stdlib.h>
#define SP2__LIKELY(x) (x)
#define SP2__UNLIKELY(x) (x)
#define SP2__COLD __declspec(noinline)
#define SP2__NOINLINE __declspec(noinline)
#define SP2__PRINTF(text, first)
#define SP2__INLINE static __forceinline
#define SP2__THREAD_LOCAL __declspec(thread)
#define SP2__PREFETCH_WRITE(p) _mm_prefetch((const char *)(p), _MM_HINT_T0)
#define SP2__SWAP_U64(x) _byteswap_uint64(x)
#else
#error "spead2core needs gcc, clang or MSVC"
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SP2__ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SP2__ADDRESS_SANITIZER
#endif
#endif

/* What a bare system call has written, of which the memory sanitizer knows nothing. */
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define SP2__WRITTEN_BY_KERNEL(p, bytes) __msan_unpoison((p), (bytes))
#endif
#endif
#if !defined(SP2__WRITTEN_BY_KERNEL)
#define SP2__WRITTEN_BY_KERNEL(p, bytes) ((void)0)
#endif

/* Number of bits needed to write x, which is not 0. */
SP2__INLINE unsigned sp2__bit_width_of_nonzero(unsigned long long x) {
#if defined(__GNUC__)
    return 64 - (unsigned)__builtin_clzll(x);
#else
    unsigned long highest;
    _BitScanReverse64(&highest, x);
    return (unsigned)highest + 1;
#endif
}

/* Tells the processor that the thread waits in a loop. */
SP2__INLINE void sp2__spin_pause(void) {
#if defined(_MSC_VER) && defined(SP2__X86_64)
    _mm_pause();
#elif defined(SP2__X86_64)
    __builtin_ia32_pause();
#elif defined(__GNUC__) && defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

/* Data of different threads is kept this far apart: two cache lines, as they are fetched in pairs.
 */
#define SP2__CACHE_ISOLATION 128

/* The structure that has `member` at `pointer`. */
#define SP2__CONTAINER(pointer, type, member)                                                      \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
