/* SPDX-License-Identifier: MIT */
#include "shared_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <spead2core/spead2core.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "packet_builder.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

/* The group has one address for each process, so that tests may run at the same time. */
#define GROUP_FORMAT "239.255.%u.%u"

enum {
    MOST_STREAMS = 64,
    HEAD = 48, /* bytes before the payload: five item pointers */
    MOST_MESSAGE = 65507,
    MOST_SEGMENTS = 64,
    CHUNK_HEAPS = 64,
    CHUNKS = 8,
    RING_HEAPS = 8,
    FIRST_POINTER = 8
};

#define HEAP_CNT_POINTER (UINT64_C(0x8001) << 48)
#define NS_PER_SECOND 1000000000

typedef struct run run;

typedef struct member {
    run *owner;
    sp2_receive_stream *stream;
    sp2_packet_source *source;
    uint64_t heaps;
    atomic_bool ended;
} member;

struct run {
    const shared_port_plan *plan;
    shared_port_result *result;
    uint64_t heaps; /* to be sent */
    _Atomic uint8_t *came;
    atomic_uint_fast64_t right;
    atomic_uint_fast64_t faults;
    sp2_chunk_group *group;
    member members[MOST_STREAMS];
    int sender;
};

static void check(int32_t status, const char *what) {
    if (status != SP2_OK) {
        fprintf(stderr, "%s: %s\n", what, sp2_last_error_message());
        exit(1);
    }
}

static double seconds_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / NS_PER_SECOND;
}

/* ---- what comes ---- */

/* Each packet's payload begins with a number of its own. */
static uint64_t mark_of(const run *r, uint64_t heap, uint32_t packet) {
    return heap * r->plan->heap_packets + packet + 1;
}

static void look_at_heap(run *r, uint64_t heap, const uint8_t *payload) {
    bool right = heap < r->heaps && atomic_fetch_add(&r->came[heap], 1) == 0;
    for (uint32_t i = 0; right && i < r->plan->heap_packets; i++) {
        uint64_t mark;
        memcpy(&mark, payload + (size_t)i * r->plan->payload, sizeof(mark));
        right = mark == mark_of(r, heap, i);
    }
    atomic_fetch_add(right ? &r->right : &r->faults, 1);
}

static void take_heap(void *context, sp2_heap *heap) {
    member *m = context;
    if (heap == NULL) {
        atomic_store(&m->ended, true);
        return;
    }
    sp2_heap_info info = SP2_HEAP_INFO_INIT;
    check(sp2_heap_get_info(heap, &info), "sp2_heap_get_info");
    const bool whole =
        info.flags & SP2_HEAP_COMPLETE &&
        info.payload_length == (uint64_t)m->owner->plan->heap_packets * m->owner->plan->payload;
    if (whole) {
        look_at_heap(m->owner, info.cnt, info.payload);
    } else {
        atomic_fetch_add(&m->owner->faults, 1);
    }
    m->heaps++;
    sp2_heap_release(heap);
}

static void *read_rings(void *context) {
    run *r = context;
    uint32_t ended = 0;
    while (ended != r->plan->streams) {
        ended = 0;
        for (uint32_t i = 0; i < r->plan->streams; i++) {
            sp2_heap *heap;
            uint32_t count;
            const int32_t status =
                sp2_receive_stream_pop_wait(r->members[i].stream, &heap, 1, 1000000, &count);
            if (status == SP2_OK) {
                take_heap(&r->members[i], heap);
            }
            ended += status == SP2_E_STOPPED;
        }
    }
    for (uint32_t i = 0; i < r->plan->streams; i++) {
        atomic_store(&r->members[i].ended, true);
    }
    return NULL;
}

static void *read_chunks(void *context) {
    run *r = context;
    const uint64_t heap_bytes = (uint64_t)r->plan->heap_packets * r->plan->payload;
    sp2_chunk *chunk;
    while (sp2_chunk_group_pop_wait(r->group, -1, &chunk) == SP2_OK) {
        sp2_chunk_info info = SP2_CHUNK_INFO_INIT;
        check(sp2_chunk_get_info(chunk, &info), "sp2_chunk_get_info");
        for (uint64_t i = 0; i < CHUNK_HEAPS; i++) {
            if (info.present[i]) {
                look_at_heap(r, (uint64_t)info.id * CHUNK_HEAPS + i, info.data + i * heap_bytes);
            }
        }
        sp2_chunk_release(chunk);
    }
    for (uint32_t i = 0; i < r->plan->streams; i++) {
        atomic_store(&r->members[i].ended, true);
    }
    return NULL;
}

/* ---- the receivers ---- */

static void make_group(run *r) {
    sp2_chunk_group_options options = SP2_CHUNK_GROUP_OPTIONS_INIT;
    options.members = r->plan->streams;
    options.flags = SP2_CHUNK_GROUP_LOSSLESS;
    check(sp2_chunk_group_create(&options, &r->group), "sp2_chunk_group_create");
    for (int i = 0; i < CHUNKS; i++) {
        sp2_chunk_memory memory = SP2_CHUNK_MEMORY_INIT;
        sp2_chunk *chunk;
        memory.data_size = (uint64_t)CHUNK_HEAPS * r->plan->heap_packets * r->plan->payload;
        memory.present_size = CHUNK_HEAPS;
        check(sp2_chunk_create(&memory, &chunk), "sp2_chunk_create");
        check(sp2_chunk_group_add_free(r->group, chunk), "sp2_chunk_group_add_free");
    }
}

static void make_streams(run *r) {
    const shared_port_plan *plan = r->plan;
    const sp2_chunk_axis axis = {.item = ITEM_HEAP_CNT,
                                 .count = CHUNK_HEAPS,
                                 .data_stride = (uint64_t)plan->heap_packets * plan->payload,
                                 .present_stride = 1};
    sp2_chunk_layout layout = SP2_CHUNK_LAYOUT_INIT;
    layout.flags = SP2_CHUNK_LAYOUT_ORIGIN;
    layout.axes = &axis;
    layout.axis_count = 1;
    sp2_chunk_options chunks = SP2_CHUNK_OPTIONS_INIT;
    chunks.group = r->group;
    chunks.layout = &layout;
    for (uint32_t i = 0; i < plan->streams; i++) {
        member *m = &r->members[i];
        sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
        m->owner = r;
        options.log_level = SP2_LOG_NONE;
        options.ring_heaps = RING_HEAPS;
        if (plan->chunks) {
            options.chunks = &chunks;
        } else {
            options.flags = SP2_RECEIVE_DELIVER_INCOMPLETE;
            options.on_heap = plan->rings ? NULL : take_heap;
            options.on_heap_context = plan->rings ? NULL : m;
        }
        check(sp2_receive_stream_create(NULL, &options, &m->stream), "sp2_receive_stream_create");
    }
}

static uint32_t add_sources(run *r) {
    sp2_receive_stream *streams[MOST_STREAMS];
    sp2_packet_source *sources[MOST_STREAMS];
    sp2_udp_source_options options = SP2_UDP_SOURCE_OPTIONS_INIT;
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    char group[32];
    int own = -1;
    options.bind_host = "127.0.0.1";
    if (r->plan->multicast) {
        snprintf(group, sizeof(group), GROUP_FORMAT, (unsigned)getpid() / 250 % 250,
                 (unsigned)getpid() % 250);
        options.bind_host = NULL;
        options.group = group;
        options.interface_address = "127.0.0.1";
    }
    if (r->plan->alone) {
        own = socket(AF_INET, SOCK_DGRAM, 0);
        options.flags = SP2_UDP_EXISTING_SOCKET;
        options.socket = own;
    }
    for (uint32_t i = 0; i < r->plan->streams; i++) {
        streams[i] = r->members[i].stream;
    }
    check(sp2_receive_streams_add_udp_source(streams, r->plan->streams, &options, sources),
          "sp2_receive_streams_add_udp_source");
    if (own >= 0) {
        close(own);
    }
    for (uint32_t i = 0; i < r->plan->streams; i++) {
        r->members[i].source = sources[i];
    }
    check(sp2_packet_source_get_info(sources[0], &info), "sp2_packet_source_get_info");
    return info.port;
}

static uint64_t packets_so_far(const run *r) {
    uint64_t packets = 0;
    for (uint32_t i = 0; i < r->plan->streams; i++) {
        sp2_receive_stats stats = SP2_RECEIVE_STATS_INIT;
        check(sp2_receive_stream_get_stats(r->members[i].stream, &stats), "get_stats");
        packets += stats.packets;
    }
    return packets;
}

static void count(run *r) {
    shared_port_result *result = r->result;
    for (uint32_t i = 0; i < r->plan->streams; i++) {
        sp2_receive_stats stats = SP2_RECEIVE_STATS_INIT;
        sp2_packet_source_stats source = SP2_PACKET_SOURCE_STATS_INIT;
        check(sp2_receive_stream_get_stats(r->members[i].stream, &stats), "get_stats");
        check(sp2_packet_source_get_stats(r->members[i].source, &source), "get_stats");
        result->packets += stats.packets;
        result->rejected += stats.packets - stats.packets_accepted;
        result->incomplete += stats.incomplete_heaps_evicted + stats.incomplete_heaps_flushed +
                              stats.too_old_heaps + stats.rejected_heaps;
        result->drops += stats.kernel_drop_messages;
        result->unused += source.dropped_at_close;
        result->datagrams += source.datagrams;
        result->busy += stats.packets != 0;
    }
    result->heaps = atomic_load(&r->right);
    result->faults = atomic_load(&r->faults);
}

/* ---- the sender ---- */

static bool open_sender(run *r, uint32_t port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const struct in_addr interface = {htonl(INADDR_LOOPBACK)};
    to.sin_addr = interface;
    if (r->plan->multicast) {
        char group[32];
        snprintf(group, sizeof(group), GROUP_FORMAT, (unsigned)getpid() / 250 % 250,
                 (unsigned)getpid() % 250);
        inet_pton(AF_INET, group, &to.sin_addr);
    }
    const int segment = HEAD + (int)r->plan->payload;
    r->sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return r->sender >= 0 &&
           (!r->plan->multicast || setsockopt(r->sender, IPPROTO_IP, IP_MULTICAST_IF, &interface,
                                              sizeof(interface)) == 0) &&
           connect(r->sender, (const struct sockaddr *)&to, sizeof(to)) == 0 &&
           (!r->plan->offload ||
            setsockopt(r->sender, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)) == 0);
}

static void store_be64(uint8_t *bytes, uint64_t value) {
    for (int i = 7; i >= 0; i--) {
        bytes[i] = (uint8_t)value;
        value >>= 8;
    }
}

static void write_packet(const run *r, uint8_t *bytes, uint64_t number) {
    const uint64_t heap = number / r->plan->heap_packets;
    const uint32_t packet = (uint32_t)(number % r->plan->heap_packets);
    const uint64_t mark = mark_of(r, heap, packet);
    store_be64(bytes, UINT64_C(0x5304020600000005));
    store_be64(bytes + 8, HEAP_CNT_POINTER | heap);
    store_be64(bytes + 16,
               UINT64_C(0x8002) << 48 | (uint64_t)r->plan->heap_packets * r->plan->payload);
    store_be64(bytes + 24, UINT64_C(0x8003) << 48 | (uint64_t)packet * r->plan->payload);
    store_be64(bytes + 32, UINT64_C(0x8004) << 48 | r->plan->payload);
    store_be64(bytes + 40, UINT64_C(0x1000) << 48);
    memcpy(bytes + HEAD, &mark, sizeof(mark));
}

static void send_bytes(const run *r, const uint8_t *bytes, size_t length) {
    while (send(r->sender, bytes, length, 0) != (ssize_t)length) {
        if (errno != EINTR && errno != ENOBUFS && errno != EAGAIN) {
            perror("send");
            exit(1);
        }
    }
}

/* A sender that moves to another processor overtakes itself: what the first one still has to
 * deliver comes after what the second one delivers. */
static void stay_on_cpu(cpu_set_t *before) {
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET((size_t)sched_getcpu(), &here);
    sched_getaffinity(0, sizeof(*before), before);
    sched_setaffinity(0, sizeof(here), &here);
}

static void send_all(run *r) {
    cpu_set_t before;
    stay_on_cpu(&before);
    const uint32_t size = HEAD + r->plan->payload;
    const uint64_t fitting = MOST_MESSAGE / size;
    const uint64_t most = !r->plan->offload ? 1 : fitting < MOST_SEGMENTS ? fitting : MOST_SEGMENTS;
    const uint64_t packets = r->heaps * r->plan->heap_packets;
    uint8_t *message = calloc((size_t)most, size);
    uint64_t received = 0;
    for (uint64_t next = 0; next < packets;) {
        uint64_t part = 0;
        while (part < most && next < packets) {
            write_packet(r, message + part * size, next);
            part++;
            next++;
        }
        while (next - received > r->plan->window) {
            received = packets_so_far(r);
            if (next - received > r->plan->window) {
                sched_yield();
            }
        }
        send_bytes(r, message, (size_t)(part * size));
    }
    datagram_list stop = {0};
    datagrams_add_stop(&stop, r->heaps);
    send_bytes(r, stop.datagrams[0].data, stop.datagrams[0].length);
    datagrams_free(&stop);
    free(message);
    sched_setaffinity(0, sizeof(before), &before);
    r->result->sent_packets = packets + 1;
    r->result->sent_heaps = r->heaps;
}

static void wait_for_end(const run *r) {
    const struct timespec nap = {0, 200000};
    for (uint32_t i = 0; i < r->plan->streams; i++) {
        while (!atomic_load(&r->members[i].ended)) {
            nanosleep(&nap, NULL);
        }
    }
}

static void drive(run *r) {
    pthread_t reader;
    const bool reads = r->plan->rings || r->plan->chunks;
    const double wall = seconds_of(CLOCK_MONOTONIC);
    const double all = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    const double own = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    if (reads &&
        pthread_create(&reader, NULL, r->plan->chunks ? read_chunks : read_rings, r) != 0) {
        abort();
    }
    send_all(r);
    wait_for_end(r);
    if (reads) {
        pthread_join(reader, NULL);
    }
    r->result->wall_seconds = seconds_of(CLOCK_MONOTONIC) - wall;
    r->result->cpu_seconds =
        seconds_of(CLOCK_PROCESS_CPUTIME_ID) - all - (seconds_of(CLOCK_THREAD_CPUTIME_ID) - own);
}

static void free_run(run *r) {
    for (uint32_t i = 0; i < r->plan->streams; i++) {
        sp2_packet_source_release(r->members[i].source);
        sp2_receive_stream_destroy(r->members[i].stream);
    }
    if (r->plan->chunks) {
        sp2_chunk_group_destroy(r->group);
    }
    close(r->sender);
    free((void *)r->came);
    free(r);
}

bool shared_port_run(const shared_port_plan *plan, shared_port_result *result) {
    *result = (shared_port_result){0};
    run *r = calloc(1, sizeof(*r));
    r->plan = plan;
    r->result = result;
    r->heaps = (plan->packets + plan->heap_packets - 1) / plan->heap_packets;
    r->came = calloc((size_t)r->heaps, sizeof(*r->came));
    if (plan->chunks) {
        make_group(r);
    }
    make_streams(r);
    const bool opened = open_sender(r, add_sources(r));
    const int error = errno;
    if (opened) {
        drive(r);
        count(r);
    }
    free_run(r);
    errno = error;
    return opened;
}

bool shared_port_is_right(const shared_port_result *result) {
    return result->heaps == result->sent_heaps && result->faults == 0 && result->incomplete == 0 &&
           result->packets == result->sent_packets && result->datagrams == result->sent_packets &&
           result->rejected == 0 && result->drops == 0 && result->unused == 0;
}
