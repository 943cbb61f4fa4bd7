/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/error.h"
#include <windows.h>

bool sp2__os_error_is_memory(int32_t os_code) {
    return os_code == ERROR_NOT_ENOUGH_MEMORY || os_code == ERROR_OUTOFMEMORY;
}

const char *sp2__os_error_text(int32_t os_code, char *buffer, uint32_t size) {
    wchar_t wide[256];
    const DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
    DWORD length =
        FormatMessageW(flags, NULL, (DWORD)os_code, 0, wide, sizeof(wide) / sizeof(wide[0]), NULL);
    /* The system's sentences end with a full stop and a new line; ours go on. */
    while (length > 0 && (wide[length - 1] <= L' ' || wide[length - 1] == L'.')) {
        length--;
    }
    const int written =
        WideCharToMultiByte(CP_UTF8, 0, wide, (int)length, buffer, (int)size - 1, NULL, NULL);
    if (written > 0) {
        buffer[written] = '\0';
    } else {
        snprintf(buffer, size, "error %d", (int)os_code);
    }
    return buffer;
}
