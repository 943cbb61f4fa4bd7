/* SPDX-License-Identifier: MIT */
/* What users do who send. */
#include <stdlib.h>
#include <string.h>

#include "fault_scenarios.h"
#include "test_sockets.h"

enum {
    SENT_HEAP_BYTES = 3000, /* three packets of the default size, which are of two sizes */
    LONGEST_DATAGRAM = 2000,
};

static sp2_send_stream_options options_for(fault_trial *trial) {
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    options.max_heaps = SCENARIO_HEAPS;
    options.log = log_capture_message;
    options.log_context = &trial->log;
    options.log_level = SP2_LOG_INFO;
    return options;
}

/* A stream that gets as far as a UDP writer with these options. */
static int32_t try_writer(fault_trial *trial, const char *host, sp2_udp_writer_options *udp) {
    const sp2_send_stream_options options = options_for(trial);
    const sp2_udp_destination destination = {host, 7148, 0};
    sp2_send_stream *stream = NULL;
    udp->destinations = &destination;
    udp->destination_count = 1;
    int32_t status = sp2_send_stream_create(NULL, &options, &stream);
    if (status == SP2_OK) {
        status = sp2_send_stream_add_udp_writer(stream, udp, NULL);
    }
    sp2_send_stream_destroy(stream);
    return status;
}

int32_t scenario_add_writer(fault_trial *trial) {
    sp2_udp_writer_options udp = SP2_UDP_WRITER_OPTIONS_INIT;
    udp.bind_host = "127.0.0.1";
    udp.dscp = 10;
    return try_writer(trial, "127.0.0.1", &udp);
}

int32_t scenario_add_group_writer(fault_trial *trial) {
    sp2_udp_writer_options udp = SP2_UDP_WRITER_OPTIONS_INIT;
    udp.ttl = 2;
    udp.interface_address = "127.0.0.1";
    udp.flags = SP2_UDP_WRITER_NO_LOOP;
    return try_writer(trial, "239.255.77.77", &udp);
}

int32_t scenario_add_existing_writer(fault_trial *trial) {
    sp2_udp_writer_options udp = SP2_UDP_WRITER_OPTIONS_INIT;
    const test_socket opened = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(opened != NO_SOCKET);
    udp.flags = SP2_UDP_WRITER_EXISTING_SOCKET;
    udp.socket = (int64_t)opened;
    trial->number = udp.socket;
    const int32_t status = try_writer(trial, "127.0.0.1", &udp);
    test_socket_close(opened);
    return status;
}

static void count_completion(void *context, const sp2_send_result *result) {
    (void)result;
    ++*(uint32_t *)context;
}

static uint64_t datagrams_in(test_socket receiver) {
    char datagram[LONGEST_DATAGRAM];
    uint64_t count = 0;
    while (recv(receiver, datagram, sizeof(datagram), MSG_DONTWAIT) >= 0) {
        count++;
    }
    return count;
}

/* Heaps to a socket of this host, which has received them when they are completed. The stream has
 * threads of its own, which are gone when its writer is freed. */
int32_t scenario_send_by_udp(fault_trial *trial) {
    const sp2_send_stream_options options = options_for(trial);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    uint8_t *payload = new_payload(SENT_HEAP_BYTES, 1);
    uint32_t completions[SCENARIO_HEAPS] = {0};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const test_socket receiver = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(receiver != NO_SOCKET);
    REQUIRE(bind(receiver, (struct sockaddr *)&address, sizeof(address)) == 0);
    REQUIRE(getsockname(receiver, (struct sockaddr *)&address, &length) == 0);
    const sp2_udp_destination destination = {"127.0.0.1", ntohs(address.sin_port), 0};
    sp2_udp_writer_options udp = SP2_UDP_WRITER_OPTIONS_INIT;
    udp.destinations = &destination;
    udp.destination_count = 1;
    sp2_send_stream *stream = NULL;
    sp2_send_heap *heap = NULL;
    int32_t status = sp2_send_stream_create(NULL, &options, &stream);
    if (status == SP2_OK) {
        status = sp2_send_stream_add_udp_writer(stream, &udp, NULL);
    }
    if (status == SP2_OK) {
        status = sp2_send_heap_create(NULL, &heap);
    }
    if (status == SP2_OK) {
        status = sp2_send_heap_add_item(heap, 0x1000, payload, SENT_HEAP_BYTES, 0);
    }
    const sp2_heap_reference one = {heap, SP2_HEAP_CNT_AUTOMATIC, 0, SP2_STREAM_RATE};
    for (int i = 0; i < SCENARIO_HEAPS && status == SP2_OK; i++) {
        REQUIRE_OK(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, count_completion,
                                        &completions[i]));
    }
    if (status == SP2_OK) {
        REQUIRE_OK(sp2_send_stream_flush(stream, -1));
        REQUIRE_OK(sp2_send_stream_get_stats(stream, &trial->sent));
        for (int i = 0; i < SCENARIO_HEAPS; i++) {
            CHECK_EQ_U64(completions[i], 1);
        }
        CHECK_EQ_U64(trial->sent.heaps, SCENARIO_HEAPS);
        CHECK_EQ_U64(trial->sent.packets + trial->sent.packets_failed, 3 * SCENARIO_HEAPS);
        CHECK_EQ_U64(datagrams_in(receiver), trial->sent.packets);
        trial->lost = trial->sent.packets_failed != 0;
    }
    sp2_send_stream_destroy(stream);
    sp2_send_heap_destroy(heap);
    test_socket_close(receiver);
    free(payload);
    return status;
}
