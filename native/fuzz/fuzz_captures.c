/* SPDX-License-Identifier: MIT */
/*
 * Capture files: the bytes are one, of pcap or pcapng. Each record is looked at in windows that
 * grow as the reader asks for more, each a block of exactly that size, and gives the same; frames
 * are taken apart and fragments put together. Then the source of captures reads the same file.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "fuzz.h"
#include "packet/capture.h"
#include "packet/fragments.h"
#include "packet/frame.h"
#include "spead2core/spead2core.h"

/* What has been found of a capture. */
typedef struct findings {
    sp2_packet_source_stats stats; /* as far as frames are counted */
    bool damaged;
} findings;

static void check_payload(const sp2__frame *frame, const uint8_t *bytes, uint64_t length) {
    FUZZ_CHECK(frame->payload >= bytes && frame->length <= length);
    FUZZ_CHECK(frame->payload + frame->length <= bytes + length);
}

static sp2__frame_kind put_together(sp2__fragments *fragments, sp2__frame *frame) {
    const uint64_t lost = fragments->lost;
    const sp2__frame_kind kind = sp2__fragments_add(fragments, frame);
    FUZZ_CHECK(fragments->lost >= lost);
    if (kind == SP2__FRAME_UDP) {
        for (int i = 0; i < SP2__FRAGMENTED_PACKETS; i++) {
            const sp2__fragmented *packet = &fragments->packets[i];
            if (frame->payload >= packet->bytes &&
                frame->payload < packet->bytes + sizeof(packet->bytes)) {
                check_payload(frame, packet->bytes, packet->length);
            }
        }
    }
    return kind;
}

static void use_frame(const sp2__capture_record *record, sp2__fragments *fragments,
                      findings *found) {
    sp2__frame frame;
    sp2__frame_kind kind = sp2__frame_decode(record->link, record->bytes, record->length, &frame);
    FUZZ_CHECK(kind < SP2__FRAME_KINDS);
    FUZZ_CHECK((kind == SP2__FRAME_UNKNOWN_LINK) == !sp2__link_is_known(record->link));
    if (kind == SP2__FRAME_UDP || kind == SP2__FRAME_EMPTY || kind == SP2__FRAME_FRAGMENT) {
        check_payload(&frame, record->bytes, record->length);
    }
    if (kind == SP2__FRAME_FRAGMENT) {
        found->stats.fragments++;
        kind = put_together(fragments, &frame);
    }
    found->stats.frames_unreadable += kind == SP2__FRAME_UNKNOWN_LINK;
    found->stats.frames_malformed +=
        kind == SP2__FRAME_SHORT || kind == SP2__FRAME_IP_LENGTH || kind == SP2__FRAME_UDP_LENGTH;
    found->stats.frames_other += kind == SP2__FRAME_NOT_IP || kind == SP2__FRAME_NOT_UDP;
}

/* What stands at `position`, from windows that are as large as they have to be. */
static sp2__capture_event next(sp2__capture *capture, const uint8_t *data, uint64_t left,
                               uint64_t *size, sp2__fragments *fragments, findings *found) {
    sp2__capture_record record = {0};
    sp2__capture_event event;
    uint64_t window = 0;
    for (;;) {
        uint8_t *copy = fuzz_alloc((size_t)window + (window == 0));
        memcpy(copy, data, (size_t)window);
        event = sp2__capture_next(capture, copy, window, size, &record);
        if (event == SP2__CAPTURE_FRAME || event == SP2__CAPTURE_TRUNCATED) {
            FUZZ_CHECK(record.bytes >= copy && record.bytes + record.length <= copy + window);
        }
        if (event == SP2__CAPTURE_FRAME) {
            use_frame(&record, fragments, found);
        }
        free(copy);
        if (event != SP2__CAPTURE_MORE) {
            return event;
        }
        FUZZ_CHECK(*size > window && *size <= SP2__CAPTURE_MAX_RECORD);
        if (*size > left) {
            return event; /* the file ends in a record */
        }
        window = *size;
    }
}

static void read_all(const uint8_t *data, uint64_t length, findings *found) {
    sp2__fragments *fragments = calloc(1, sizeof(*fragments));
    sp2__capture capture = {0};
    FUZZ_CHECK(fragments != NULL);
    for (uint64_t position = 0;;) {
        uint64_t size;
        const sp2__capture_event event =
            next(&capture, data + position, length - position, &size, fragments, found);
        found->damaged = event == SP2__CAPTURE_DAMAGED;
        if (event == SP2__CAPTURE_MORE || event == SP2__CAPTURE_DAMAGED) {
            break;
        }
        FUZZ_CHECK(size != 0);
        found->stats.frames += event != SP2__CAPTURE_OTHER;
        found->stats.frames_truncated += event == SP2__CAPTURE_TRUNCATED;
        found->stats.frames_unreadable +=
            event == SP2__CAPTURE_TOO_LONG || event == SP2__CAPTURE_NO_INTERFACE;
        position = size < length - position ? position + size : length;
    }
    found->stats.fragments_lost = fragments->lost + sp2__fragments_waiting(fragments);
    free(fragments);
}

#if defined(__linux__)
static void forget(void *context, int32_t level, const char *message) {
    (void)context;
    FUZZ_CHECK(level >= SP2_LOG_WARNING && level <= SP2_LOG_DEBUG && message[0] != '\0');
}

static sp2_thread_pool *thread_pool(void) {
    static sp2_thread_pool *pool;
    if (pool == NULL) {
        FUZZ_CHECK(sp2_thread_pool_create(NULL, &pool) == SP2_OK);
    }
    return pool;
}

static void take_heaps(sp2_receive_stream *stream) {
    const int64_t patience_ns = 10000000000;
    sp2_heap *heap;
    uint32_t count;
    int32_t status;
    while ((status = sp2_receive_stream_pop_wait(stream, &heap, 1, patience_ns, &count)) ==
           SP2_OK) {
        sp2_heap_release(heap);
    }
    FUZZ_CHECK(status == SP2_E_STOPPED);
}

/* The source counts what has been found. */
static void check_source(const sp2_packet_source_stats *stats, const findings *found) {
    FUZZ_CHECK(stats->frames == found->stats.frames);
    FUZZ_CHECK(stats->frames_other == found->stats.frames_other);
    FUZZ_CHECK(stats->frames_truncated == found->stats.frames_truncated);
    FUZZ_CHECK(stats->errors == found->damaged);
    FUZZ_CHECK(stats->datagrams >= stats->packets + stats->malformed + stats->size_mismatch);
}

static void read_by_source(const char *path, const findings *found) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    sp2_pcap_source_options pcap = SP2_PCAP_SOURCE_OPTIONS_INIT;
    sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
    sp2_receive_stream *stream;
    sp2_packet_source *source;
    options.log = forget;
    options.log_level = SP2_LOG_DEBUG;
    options.max_heap_size = 1 << 20;
    options.flags |= SP2_RECEIVE_IGNORE_STOP_ITEM; /* all of the file is read */
    pcap.path = path;
    FUZZ_CHECK(sp2_receive_stream_create(thread_pool(), &options, &stream) == SP2_OK);
    const int32_t status = sp2_receive_stream_add_pcap_source(stream, &pcap, &source);
    FUZZ_CHECK(status == SP2_OK || status == SP2_E_ARG || status == SP2_E_UNSUPPORTED);
    FUZZ_CHECK((source != NULL) == (status == SP2_OK));
    if (status == SP2_OK) {
        take_heaps(stream);
        FUZZ_CHECK(sp2_packet_source_get_stats(source, &stats) == SP2_OK);
        check_source(&stats, found);
        sp2_packet_source_release(source);
    }
    sp2_receive_stream_destroy(stream);
}

static void read_as_file(const uint8_t *data, size_t size, const findings *found) {
    char path[64];
    const int fd = memfd_create("capture", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    read_by_source(path, found);
    close(fd);
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    findings found = {.damaged = false};
    read_all(data, size, &found);
#if defined(__linux__)
    read_as_file(data, size, &found);
#endif
    return 0;
}
