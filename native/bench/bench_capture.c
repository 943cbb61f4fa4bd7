/* SPDX-License-Identifier: MIT */
/*
 * How fast is a capture read, beside a plain copy of the same file?
 *
 * The program makes a capture of heaps in packets of 8 KiB, and then reads it in turns: by read()
 * into one buffer, which is a plain copy from the page cache, and by a capture source into a stream
 * whose heaps are popped and released. Each line has one turn of both, and the most anonymous
 * memory that the process had while the stream was read.
 *
 *   bench_capture --gib 10 --file bench.pcap
 */
#include <fcntl.h>
#include <inttypes.h>
#include <spead2core/spead2core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "packet_builder.h"

enum {
    HEAP = 1 << 20,
    PAYLOAD = 8192,
    PORT = 7148,
    RAW_IP = 101, /* link type: packets begin with the IP header */
    RECORD_HEADER = 16,
    IP_HEADER = 20,
    UDP_HEADER = 8,
    COPY_BUFFER = 1 << 20,
    SAMPLE_HEAPS = 64, /* memory is looked at after so many heaps */
    POP_BATCH = 8
};

static void stop_with(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void check(int32_t status, const char *what) {
    if (status != SP2_OK) {
        stop_with(what, sp2_last_error_message());
    }
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void put16(uint8_t *to, size_t value) {
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static void write_record(FILE *file, const packet_builder *packet) {
    const size_t udp = UDP_HEADER + packet->length;
    const uint32_t frame = (uint32_t)(IP_HEADER + udp);
    const uint32_t record[4] = {0, 0, frame, frame};
    uint8_t headers[IP_HEADER + UDP_HEADER] = {0x45};
    put16(headers + 2, frame);
    headers[8] = 64;
    headers[9] = 17;
    memcpy(headers + 12, "\x7f\0\0\1\x7f\0\0\1", 8);
    put16(headers + IP_HEADER, PORT);
    put16(headers + IP_HEADER + 2, PORT);
    put16(headers + IP_HEADER + 4, udp);
    if (fwrite(record, RECORD_HEADER, 1, file) != 1 ||
        fwrite(headers, sizeof headers, 1, file) != 1 ||
        fwrite(packet->bytes, packet->length, 1, file) != 1) {
        stop_with("cannot write the capture", "is the disk full?");
    }
}

/* Gives how many heaps the capture has. */
static uint64_t make_capture(const char *path, uint64_t bytes) {
    const uint32_t start[6] = {0xa1b23c4d, 2 | (4 << 16), 0, 0, 262144, RAW_IP};
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(start, sizeof start, 1, file) != 1) {
        stop_with(path, "cannot be written");
    }
    uint8_t *payload = new_payload(HEAP, 1);
    const uint64_t heaps = bytes / HEAP;
    for (uint64_t cnt = 1; cnt <= heaps; cnt++) {
        for (uint64_t offset = 0; offset < HEAP; offset += PAYLOAD) {
            packet_builder packet;
            packet_begin_heap(&packet, 48, cnt, HEAP, offset, PAYLOAD);
            packet_add_address(&packet, 0x1000, 0);
            packet_add_payload(&packet, payload + offset, PAYLOAD);
            write_record(file, &packet);
            packet_free(&packet);
        }
    }
    free(payload);
    if (fclose(file) != 0) {
        stop_with(path, "cannot be written");
    }
    return heaps;
}

/* Copies the file out of the page cache; gives its bytes. */
static uint64_t copy(const char *path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *buffer = malloc(COPY_BUFFER);
    if (fd < 0 || buffer == NULL) {
        stop_with(path, "cannot be read");
    }
    uint64_t all = 0;
    ssize_t count;
    while ((count = read(fd, buffer, COPY_BUFFER)) > 0) {
        all += (uint64_t)count;
    }
    free(buffer);
    close(fd);
    return all;
}

/* Anonymous memory of the process, in KiB. */
static long anonymous_kib(void) {
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kib = 0;
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (sscanf(line, "RssAnon: %ld", &kib) == 1) {
            break;
        }
    }
    if (status != NULL) {
        fclose(status);
    }
    return kib;
}

/* Reads the capture into a stream; gives the most anonymous memory. */
static long receive(const char *path, uint64_t expected) {
    sp2_thread_pool *threads;
    sp2_thread_pool_options pool = SP2_THREAD_POOL_OPTIONS_INIT;
    check(sp2_thread_pool_create(&pool, &threads), "sp2_thread_pool_create");
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    sp2_receive_stream *stream;
    check(sp2_receive_stream_create(threads, &options, &stream), "sp2_receive_stream_create");
    sp2_pcap_source_options pcap = SP2_PCAP_SOURCE_OPTIONS_INIT;
    pcap.path = path;
    check(sp2_receive_stream_add_pcap_source(stream, &pcap, NULL), "add_pcap_source");
    sp2_heap *heaps[POP_BATCH];
    uint64_t got = 0;
    uint64_t sampled = 0;
    long most = 0;
    uint32_t count;
    while (sp2_receive_stream_pop_wait(stream, heaps, POP_BATCH, -1, &count) == SP2_OK) {
        for (uint32_t i = 0; i < count; i++) {
            sp2_heap_release(heaps[i]);
        }
        got += count;
        if (got - sampled >= SAMPLE_HEAPS) {
            const long kib = anonymous_kib();
            sampled = got;
            most = kib > most ? kib : most;
        }
    }
    sp2_receive_stream_destroy(stream);
    sp2_thread_pool_destroy(threads);
    if (got != expected) {
        stop_with(path, "does not give the heaps that were written");
    }
    return most;
}

int main(int argc, char **argv) {
    const char *path = "bench_capture.pcap";
    double gib = 1;
    long rounds = 3;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--file") == 0) {
            path = argv[i + 1];
        } else if (i + 1 < argc && strcmp(argv[i], "--gib") == 0) {
            gib = strtod(argv[i + 1], NULL);
        } else if (i + 1 < argc && strcmp(argv[i], "--rounds") == 0) {
            rounds = strtol(argv[i + 1], NULL, 10);
        } else {
            fprintf(stderr, "bench_capture [--file FILE] [--gib GIB] [--rounds N]: JSON lines\n");
            return 2;
        }
    }

    const uint64_t heaps = make_capture(path, (uint64_t)(gib * 1024 * 1024 * 1024));
    copy(path); /* into the page cache */
    for (long i = 0; i < rounds; i++) {
        const double start = now_s();
        const uint64_t bytes = copy(path);
        const double copied = now_s();
        const long kib = receive(path, heaps);
        const double received = now_s();
        printf("{\"bytes\":%" PRIu64 ",\"copy_gb_s\":%.3f,\"receive_gb_s\":%.3f,\"ratio\":%.3f,"
               "\"anonymous_mib\":%.1f}\n",
               bytes, (double)bytes / (copied - start) / 1e9,
               (double)bytes / (received - copied) / 1e9, (copied - start) / (received - copied),
               (double)kib / 1024);
        fflush(stdout);
    }
    unlink(path);
    return 0;
}
