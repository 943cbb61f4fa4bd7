/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <windows.h>

#include "base/alloc.h"

/* The name as the system wants it, or NULL and the error. */
static wchar_t *wide_of(const char *path, int32_t *error) {
    const int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, NULL, 0);
    if (length <= 0) {
        *error = (int32_t)GetLastError();
        return NULL;
    }
    wchar_t *wide = sp2__alloc((size_t)length * sizeof(*wide));
    if (wide == NULL) {
        *error = ERROR_NOT_ENOUGH_MEMORY;
        return NULL;
    }
    MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, length);
    return wide;
}

sp2__file_opening sp2__file_open(const char *path, intptr_t *file, uint64_t *size, int32_t *error) {
    wchar_t *wide = wide_of(path, error);
    if (wide == NULL) {
        return SP2__FILE_REFUSED;
    }
    const HANDLE handle =
        CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    *error = handle == INVALID_HANDLE_VALUE ? (int32_t)GetLastError() : 0;
    sp2__free(wide);
    if (handle == INVALID_HANDLE_VALUE) {
        return SP2__FILE_REFUSED;
    }
    LARGE_INTEGER length;
    if (GetFileType(handle) != FILE_TYPE_DISK || !GetFileSizeEx(handle, &length)) {
        CloseHandle(handle);
        return SP2__FILE_NOT_REGULAR;
    }
    *size = (uint64_t)length.QuadPart;
    *file = (intptr_t)handle;
    return SP2__FILE_OPEN;
}

int32_t sp2__file_read(intptr_t file, uint64_t position, void *bytes, uint64_t size,
                       uint64_t *count) {
    OVERLAPPED at = {.Offset = (DWORD)position, .OffsetHigh = (DWORD)(position >> 32)};
    DWORD read = 0;
    *count = 0;
    if (!ReadFile((HANDLE)file, bytes, (DWORD)size, &read, &at)) {
        const DWORD error = GetLastError();
        return error == ERROR_HANDLE_EOF ? 0 : (int32_t)error;
    }
    *count = read;
    return 0;
}

void sp2__file_close(intptr_t file) {
    CloseHandle((HANDLE)file);
}
