/* SPDX-License-Identifier: MIT */
#include "memory/copy.h"

#if defined(SP2__X86_64)
#include <emmintrin.h>

void sp2__copy_lines_sse2(uint8_t *to, const uint8_t *from, size_t lines) {
    const __m128i *source = (const __m128i *)(const void *)from;
    __m128i *target = (__m128i *)(void *)to;
    for (; lines != 0; lines--, source += 4, target += 4) {
        const __m128i a = _mm_loadu_si128(source);
        const __m128i b = _mm_loadu_si128(source + 1);
        const __m128i c = _mm_loadu_si128(source + 2);
        const __m128i d = _mm_loadu_si128(source + 3);
        _mm_stream_si128(target, a);
        _mm_stream_si128(target + 1, b);
        _mm_stream_si128(target + 2, c);
        _mm_stream_si128(target + 3, d);
    }
}
#endif
