/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

bool sp2__is_ascii(const uint8_t *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (text[i] > 0x7f) {
            return false;
        }
    }
    return true;
}

/* Bytes of the character at `text`; 0 if there is none. The second byte says whether a form of
 * three or four bytes is the shortest, no surrogate, and within Unicode. */
static size_t character_size(const uint8_t *text, size_t length) {
    const uint8_t first = text[0];
    uint8_t least = 0x80;
    uint8_t most = 0xbf;
    size_t size;
    if (first <= 0x7f) {
        return 1;
    } else if (first >= 0xc2 && first <= 0xdf) {
        size = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        size = 3;
        least = first == 0xe0 ? 0xa0 : least;
        most = first == 0xed ? 0x9f : most;
    } else if (first >= 0xf0 && first <= 0xf4) {
        size = 4;
        least = first == 0xf0 ? 0x90 : least;
        most = first == 0xf4 ? 0x8f : most;
    } else {
        return 0;
    }
    if (size > length || text[1] < least || text[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return size;
}

bool sp2__is_utf8(const uint8_t *text, size_t length) {
    while (length != 0) {
        const size_t size = character_size(text, length);
        if (size == 0) {
            return false;
        }
        text += size;
        length -= size;
    }
    return true;
}

size_t sp2__utf8_size_of_latin_1(const uint8_t *text, size_t length) {
    size_t size = length;
    for (size_t i = 0; i < length; i++) {
        size += text[i] > 0x7f;
    }
    return size;
}

void sp2__utf8_from_latin_1(const uint8_t *text, size_t length, char *utf8) {
    for (size_t i = 0; i < length; i++) {
        if (text[i] > 0x7f) {
            *utf8++ = (char)(0xc0 | text[i] >> 6);
            *utf8++ = (char)(0x80 | (text[i] & 0x3f));
        } else {
            *utf8++ = (char)text[i];
        }
    }
}
