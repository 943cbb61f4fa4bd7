/* SPDX-License-Identifier: MIT */
/* /proc/net of the calling thread's network namespace: Documentation/networking/snmp_counter.rst.
 */
#include "transport/kernel_counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer than any line there. */
#define LINE_BYTES 8192

typedef struct name_and_sum {
    const char *name;
    uint64_t *sum;
} name_and_sum;

/* What is read of the kernel. `errors` has all messages that a socket was to get and did not, the
 * others among them. */
typedef struct sums {
    uint64_t received;
    uint64_t errors;
    uint64_t full;
    uint64_t no_memory;
    uint64_t wrong;
    uint64_t no_port;
    uint64_t reverse_path;
} sums;

static void add(const name_and_sum *wanted, const char *name, const char *number) {
    for (; wanted->name != NULL; wanted++) {
        if (strcmp(wanted->name, name) == 0) {
            *wanted->sum += strtoull(number, NULL, 10);
        }
    }
}

/* Kernels before 3.17 have no thread-self: then it is that of the process. */
static FILE *open_of_thread(const char *name) {
    static const char *const folders[] = {"/proc/thread-self/net", "/proc/net"};
    FILE *stream = NULL;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && stream == NULL; i++) {
        char path[64];
        snprintf(path, sizeof(path), "%s/%s", folders[i], name);
        stream = fopen(path, "re");
    }
    return stream;
}

/* A line of names, and one of numbers, both of which begin with the group: "Udp: InDatagrams". */
static bool read_pairs(const char *file, const char *group, const name_and_sum *wanted) {
    FILE *stream = open_of_thread(file);
    if (stream == NULL) {
        return false;
    }
    static const char separators[] = " \n";
    char names[LINE_BYTES];
    char numbers[LINE_BYTES];
    bool found = false;
    while (fgets(names, sizeof(names), stream) != NULL &&
           fgets(numbers, sizeof(numbers), stream) != NULL) {
        char *next_name;
        char *next_number;
        char *name = strtok_r(names, separators, &next_name);
        char *number = strtok_r(numbers, separators, &next_number);
        if (name == NULL || strcmp(name, group) != 0) {
            continue;
        }
        found = true;
        while (name != NULL && number != NULL) {
            add(wanted, name, number);
            name = strtok_r(NULL, separators, &next_name);
            number = strtok_r(NULL, separators, &next_number);
        }
    }
    fclose(stream);
    return found;
}

/* A name and a number on each line. The file does not exist where there is no IPv6. */
static void read_lines(const char *file, const name_and_sum *wanted) {
    FILE *stream = open_of_thread(file);
    char name[128];
    char number[32];
    while (stream != NULL && fscanf(stream, "%127s %31s", name, number) == 2) {
        add(wanted, name, number);
    }
    if (stream != NULL) {
        fclose(stream);
    }
}

/* Wrong checksums of IPv6 sockets that are polled stand among those of IPv4. */
bool sp2__kernel_counters_read(sp2_kernel_udp_counters *counters) {
    sums sum = {0};
    const name_and_sum v4[] = {
        {"InDatagrams", &sum.received},
        {"InErrors", &sum.errors},
        {"RcvbufErrors", &sum.full},
        {"MemErrors", &sum.no_memory},
        {"InCsumErrors", &sum.wrong},
        {"NoPorts", &sum.no_port},
        {NULL, NULL},
    };
    const name_and_sum v6[] = {
        {"Udp6InDatagrams", &sum.received},
        {"Udp6InErrors", &sum.errors},
        {"Udp6RcvbufErrors", &sum.full},
        {"Udp6MemErrors", &sum.no_memory},
        {"Udp6InCsumErrors", &sum.wrong},
        {"Udp6NoPorts", &sum.no_port},
        {NULL, NULL},
    };
    const name_and_sum more[] = {{"IPReversePathFilter", &sum.reverse_path}, {NULL, NULL}};
    if (!read_pairs("snmp", "Udp:", v4)) {
        return false;
    }
    read_lines("snmp6", v6);
    read_pairs("netstat", "TcpExt:", more);
    const uint64_t known = sum.full + sum.no_memory + sum.wrong;
    counters->received = sum.received;
    counters->full_buffers = sum.full + sum.no_memory;
    counters->wrong_checksums = sum.wrong;
    counters->filtered = sum.errors > known ? sum.errors - known : 0;
    counters->nobody_listens = sum.no_port;
    counters->reverse_path = sum.reverse_path;
    return true;
}
