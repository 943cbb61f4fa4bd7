/* SPDX-License-Identifier: MIT */
/* How many CPUs this process may use: by its affinity, and by the quota of its control groups. */
#include "os/linux/cpus.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/thread.h"

/* The kernel refuses masks with fewer bits than it has CPUs; this is more than any has. */
#define MASK_BYTES 8192

enum { LINE_SIZE = 1024, PATH_SIZE = 2 * LINE_SIZE };

/* Adds the CPUs that a thread may use to a mask, whose length is returned; 0: nobody can tell. */
static size_t add_allowed(pid_t thread, unsigned char *mask) {
    unsigned char own[MASK_BYTES];
    const long length = syscall(SYS_sched_getaffinity, thread, sizeof(own), own);
    if (length <= 0) {
        return 0;
    }
    SP2__WRITTEN_BY_KERNEL(own, (size_t)length);
    for (long i = 0; i < length; i++) {
        mask[i] |= own[i];
    }
    return (size_t)length;
}

/* CPUs that any thread of the process may use: each may be bound to one of its own. 0 if nobody can
 * tell. */
static uint32_t count_allowed(void) {
    unsigned char mask[MASK_BYTES] = {0};
    size_t length = add_allowed(getpid(), mask);
    DIR *threads = opendir("/proc/self/task");
    const struct dirent *entry;
    while (threads != NULL && (entry = readdir(threads)) != NULL) {
        const pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
        const size_t bytes = thread > 0 ? add_allowed(thread, mask) : 0;
        length = bytes > length ? bytes : length;
    }
    if (threads != NULL) {
        closedir(threads);
    }
    uint32_t count = 0;
    for (size_t i = 0; i < length; i++) {
        count += (uint32_t)__builtin_popcount(mask[i]);
    }
    return count;
}

static bool read_line(const char *directory, const char *file, char *line) {
    char path[PATH_SIZE];
    if (snprintf(path, sizeof(path), "%s/%s", directory, file) >= (int)sizeof(path)) {
        return false;
    }
    FILE *opened = fopen(path, "re");
    if (opened == NULL) {
        return false;
    }
    const bool found = fgets(line, LINE_SIZE, opened) != NULL;
    fclose(opened);
    return found;
}

static uint32_t round_up(int64_t quota, int64_t period) {
    if (quota <= 0 || period <= 0) {
        return UINT32_MAX;
    }
    const int64_t cpus = quota / period + (quota % period != 0);
    return cpus < UINT32_MAX ? (uint32_t)cpus : UINT32_MAX;
}

/* The limit of one control group: of the second version, else of the first. */
static uint32_t limit_of(const char *directory, bool second) {
    char line[LINE_SIZE];
    int64_t quota = 0;
    int64_t period = 0;
    if (second) {
        return read_line(directory, "cpu.max", line) &&
                       sscanf(line, "%" SCNd64 " %" SCNd64, &quota, &period) == 2
                   ? round_up(quota, period)
                   : UINT32_MAX;
    }
    if (read_line(directory, "cpu.cfs_quota_us", line) && sscanf(line, "%" SCNd64, &quota) == 1 &&
        read_line(directory, "cpu.cfs_period_us", line)) {
        (void)sscanf(line, "%" SCNd64, &period);
    }
    return round_up(quota, period);
}

/* The least of a group and those above it, up to the mount. A container may see its own group as
 * the mount, where the path is of its host. */
static uint32_t limit_of_path(const char *mount, const char *path, bool second) {
    char directory[PATH_SIZE];
    uint32_t least = UINT32_MAX;
    const int length = snprintf(directory, sizeof(directory), "%s%s", mount, path);
    const size_t root = strlen(mount);
    if (length < 0 || length >= (int)sizeof(directory)) {
        return least;
    }
    for (size_t end = (size_t)length; end >= root; end--) {
        if (directory[end] == '/' || directory[end] == '\0') {
            directory[end] = '\0';
            const uint32_t limit = limit_of(directory, second);
            least = limit < least ? limit : least;
        }
    }
    return least;
}

/* Whether a list as "cpu,cpuacct" has this name. */
static bool has_name(const char *list, size_t length, const char *name) {
    const char *end = list + length;
    while (list < end) {
        const size_t one = strcspn(list, ",:");
        if (one == strlen(name) && strncmp(list, name, one) == 0) {
            return true;
        }
        list += one + 1;
    }
    return false;
}

/* The limit that a line as "4:cpu,cpuacct:/path" or "0::/path" leads to. */
static uint32_t limit_of_line(const char *line, const char *mount) {
    const char *controllers = strchr(line, ':');
    const char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
    if (path == NULL) {
        return UINT32_MAX;
    }
    const size_t length = (size_t)(path - controllers - 1);
    if (length == 0) {
        return limit_of_path(mount, path + 1, true);
    }
    if (!has_name(controllers + 1, length, "cpu")) {
        return UINT32_MAX;
    }
    char directory[PATH_SIZE];
    snprintf(directory, sizeof(directory), "%s/cpu", mount);
    return limit_of_path(directory, path + 1, false);
}

uint32_t sp2__cpu_quota(const char *groups, const char *mount) {
    char line[LINE_SIZE];
    uint32_t least = UINT32_MAX;
    FILE *opened = fopen(groups, "re");
    if (opened == NULL) {
        return least;
    }
    while (fgets(line, sizeof(line), opened) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        const uint32_t limit = limit_of_line(line, mount);
        least = limit < least ? limit : least;
    }
    fclose(opened);
    return least;
}

static _Atomic uint32_t known; /* 0: to be counted */

void sp2__count_cpus_anew(void) {
    atomic_store_explicit(&known, 0, memory_order_relaxed);
}

bool sp2__many_cpus(void) {
    uint32_t count = atomic_load_explicit(&known, memory_order_relaxed);
    if (count == 0) {
        const uint32_t quota = sp2__cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup");
        count = count_allowed();
        count = count == 0 || quota < count ? quota : count;
        atomic_store_explicit(&known, count, memory_order_relaxed);
    }
    return count > 1;
}
