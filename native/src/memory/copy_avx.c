/* SPDX-License-Identifier: MIT */
#include "memory/copy.h"

#if defined(SP2__X86_64) && defined(__GNUC__)
#include <immintrin.h>

__attribute__((target("avx"))) void sp2__copy_lines_avx(uint8_t *to, const uint8_t *from,
                                                        size_t lines) {
    const __m256i *source = (const __m256i *)(const void *)from;
    __m256i *target = (__m256i *)(void *)to;
    for (; lines != 0; lines--, source += 2, target += 2) {
        const __m256i a = _mm256_loadu_si256(source);
        const __m256i b = _mm256_loadu_si256(source + 1);
        _mm256_stream_si256(target, a);
        _mm256_stream_si256(target + 1, b);
    }
}
#endif
