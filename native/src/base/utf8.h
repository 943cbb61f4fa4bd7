/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_UTF8_H
#define SP2_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether all bytes are ASCII. */
bool sp2__is_ascii(const uint8_t *text, size_t length);

/* Whether the bytes are UTF-8 as Unicode has it: shortest forms, no surrogates, up to U+10FFFF. */
bool sp2__is_utf8(const uint8_t *text, size_t length);

/* Bytes of a Latin-1 text in UTF-8. */
size_t sp2__utf8_size_of_latin_1(const uint8_t *text, size_t length);

/* Writes a Latin-1 text as UTF-8. */
void sp2__utf8_from_latin_1(const uint8_t *text, size_t length, char *utf8);

#endif
