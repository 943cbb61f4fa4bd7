/* SPDX-License-Identifier: MIT */
#include "memory/copy.h"

#if defined(SP2__X86_64) && defined(__GNUC__)
#include <immintrin.h>

__attribute__((target("avx512f"))) void sp2__copy_lines_avx512(uint8_t *to, const uint8_t *from,
                                                               size_t lines) {
    for (; lines != 0; lines--, from += SP2__COPY_LINE, to += SP2__COPY_LINE) {
        _mm512_stream_si512((void *)to, _mm512_loadu_si512(from));
    }
}
#endif
