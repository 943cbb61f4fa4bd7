/* SPDX-License-Identifier: MIT */
#include "base/page_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

#define SHARED_MEMORY "/dev/shm"
#define PREFIX "spead2-"
#define SUFFIX ".page"

/* The file's own time in it, and how long after that it may go: a process that lives in another
 * namespace of process numbers seems to be gone, but goes on writing. */
#define UPDATED_AT 48
#define STALE_NS (10 * (uint64_t)SP2__NS_PER_SECOND)

/* Numbers that are tried: another library in the process may have taken some. */
#define MOST_NUMBERS 1000

/* The fields of /proc/PROCESS/stat before START, counted from behind the name. */
#define FIELDS_BEFORE_START 19

static _Atomic uint64_t numbers;

/* When a process started, in ticks since the system did; 0: there is no such process. */
static uint64_t start_of(uint64_t process) {
    char text[1024];
    snprintf(text, sizeof(text), "/proc/%" PRIu64 "/stat", process);
    const int fd = open(text, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    const ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
    close(fd);
    text[length < 0 ? 0 : length] = 0;
    /* The name may have spaces and parentheses in it. */
    const char *field = strrchr(text, ')');
    for (int i = 0; i <= FIELDS_BEFORE_START && field != NULL; i++) {
        field = strchr(field + 1, ' ');
    }
    return field != NULL ? strtoull(field, NULL, 10) : 0;
}

/* The user's folder of the session, or else shared memory. */
static const char *own_folder(void) {
    const char *session = getenv("XDG_RUNTIME_DIR");
    char inside[SP2__PAGE_PATH_SIZE];
    snprintf(inside, sizeof(inside), "%s/.", session != NULL ? session : "");
    return session != NULL && session[0] == '/' && access(inside, F_OK) == 0 ? session
                                                                             : SHARED_MEMORY;
}

/* Reads the two numbers that say whose page a file is; false if it is not called like one. */
static bool parse(const char *name, uint64_t *process, uint64_t *start) {
    uint64_t number;
    int end = 0;
    const size_t length = strlen(name);
    /* Signs and spaces would be skipped before a number. */
    if (strspn(name + (length < sizeof(PREFIX) - 1 ? 0 : sizeof(PREFIX) - 1), "0123456789-") +
            sizeof(PREFIX) - 1 + sizeof(SUFFIX) - 1 !=
        length) {
        return false;
    }
    return sscanf(name, PREFIX "%" SCNu64 "-%" SCNu64 "-%" SCNu64 SUFFIX "%n", process, start,
                  &number, &end) == 3 &&
           (size_t)end == length;
}

/* Whether a file is a page that was written, but not lately. */
static bool is_old(int folder, const char *name) {
    uint8_t bytes[sizeof(uint64_t)];
    const int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    const bool is_written = pread(fd, bytes, sizeof(bytes), UPDATED_AT) == sizeof(bytes);
    close(fd);
    uint64_t updated = 0;
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        updated |= (uint64_t)bytes[i] << 8 * i;
    }
    const uint64_t now = (uint64_t)sp2__wall_clock_ns();
    return is_written && (updated > now || now - updated > STALE_NS);
}

/* Removes the pages whose processes are gone, as far as this user may. */
static void remove_stale(const char *folder) {
    DIR *stream = opendir(folder);
    const struct dirent *entry;
    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        uint64_t process;
        uint64_t start;
        if (parse(entry->d_name, &process, &start) && start_of(process) != start &&
            is_old(dirfd(stream), entry->d_name)) {
            (void)unlinkat(dirfd(stream), entry->d_name, 0);
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
}

int32_t sp2__page_file_create(sp2__page_file *page) {
    const char *folder = own_folder();
    page->file = SP2__NO_FILE;
    page->process = (uint64_t)getpid();
    page->process_start = start_of(page->process);
    remove_stale(folder);
    int error = EEXIST;
    for (int i = 0; i < MOST_NUMBERS && error == EEXIST; i++) {
        const uint64_t number = atomic_fetch_add(&numbers, 1) + 1;
        const int length = snprintf(page->path, sizeof(page->path),
                                    "%s/" PREFIX "%" PRIu64 "-%" PRIu64 "-%" PRIu64 SUFFIX, folder,
                                    page->process, page->process_start, number);
        if (length < 0 || (size_t)length >= sizeof(page->path)) {
            return ENAMETOOLONG;
        }
        const int fd = open(page->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        error = fd < 0 ? errno : 0;
        page->file = fd < 0 ? SP2__NO_FILE : fd;
    }
    return error;
}

int32_t sp2__page_file_write(const sp2__page_file *page, uint64_t position, const void *bytes,
                             uint64_t size) {
    const uint8_t *next = bytes;
    while (size != 0) {
        const ssize_t written = pwrite((int)page->file, next, (size_t)size, (off_t)position);
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        const uint64_t count = written < 0 ? 0 : (uint64_t)written;
        next += count;
        position += count;
        size -= count;
    }
    return 0;
}

void sp2__page_file_remove(sp2__page_file *page) {
    if (page->file != SP2__NO_FILE) {
        close((int)page->file);
        page->file = SP2__NO_FILE;
        (void)unlink(page->path);
    }
}

void sp2__page_file_close_copy(sp2__page_file *page) {
    if (page->file != SP2__NO_FILE) {
        close((int)page->file);
        page->file = SP2__NO_FILE;
    }
}
