/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Without fstat, which glibc has as a function only since 2.33. */
static sp2__file_opening look_at(int fd, uint64_t *size, int32_t *error) {
    char byte;
    const off_t end = lseek(fd, 0, SEEK_END);
    if (end < 0) {
        *error = errno;
        return errno == ESPIPE ? SP2__FILE_NOT_REGULAR : SP2__FILE_REFUSED;
    }
    *size = (uint64_t)end;
    return pread(fd, &byte, 1, 0) < 0 && errno == EISDIR ? SP2__FILE_NOT_REGULAR : SP2__FILE_OPEN;
}

/* Non-blocking, for a pipe without a writer would be waited for. */
sp2__file_opening sp2__file_open(const char *path, intptr_t *file, uint64_t *size, int32_t *error) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        *error = errno;
        return SP2__FILE_REFUSED;
    }
    const sp2__file_opening result = look_at(fd, size, error);
    if (result != SP2__FILE_OPEN) {
        close(fd);
        return result;
    }
    /* Only faster. */
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *file = fd;
    return SP2__FILE_OPEN;
}

int32_t sp2__file_read(intptr_t file, uint64_t position, void *bytes, uint64_t size,
                       uint64_t *count) {
    ssize_t read;
    do {
        read = pread((int)file, bytes, (size_t)size, (off_t)position);
    } while (read < 0 && errno == EINTR);
    *count = read < 0 ? 0 : (uint64_t)read;
    return read < 0 ? errno : 0;
}

void sp2__file_close(intptr_t file) {
    close((int)file);
}
