/* SPDX-License-Identifier: MIT */
/* The UDP datagrams of capture files (addendum A5.6). */
#include <spead2core/spead2core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture_builder.h"
#include "log_capture.h"
#include "receiver.h"
#include "test.h"

#if defined(_WIN32)
#define truncate(path, length) (-1)
#else
#include <sys/stat.h>
#include <unistd.h>
#endif

enum { HEAPS = 3, HEAP_BYTES = 1000, PACKET_PAYLOAD = 256 };

static const capture_shape plain = {.pcapng = false};
static const frame_shape ethernet = {.v6 = false};

/* ---- what is received ---- */

typedef struct result {
    heap_list heaps;
    sp2_packet_source_stats source;
    sp2_receive_stats stream;
} result;

static sp2_packet_source_stats source_stats(sp2_packet_source *source) {
    sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
    REQUIRE_OK(sp2_packet_source_get_stats(source, &stats));
    return stats;
}

static sp2_pcap_source_options options_for(const char *path) {
    sp2_pcap_source_options options = SP2_PCAP_SOURCE_OPTIONS_INIT;
    options.path = path;
    return options;
}

static result receive_file(const sp2_pcap_source_options *pcap, log_capture *log) {
    sp2_receive_options options = quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE);
    result got;
    sp2_packet_source *source = NULL;
    if (log != NULL) {
        options.log = log_capture_message;
        options.log_context = log;
        options.log_level = SP2_LOG_INFO;
    }
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(sp2_receive_stream_add_pcap_source(stream, pcap, &source));
    got.heaps = pop_all(stream);
    got.source = source_stats(source);
    got.stream = stats_of(stream);
    check_sums(&got.stream);
    sp2_receive_stream_destroy(stream);
    sp2_packet_source_release(source);
    return got;
}

/* Receives what was built. The capture is gone then. */
static result receive_capture(capture_builder *capture, const sp2_pcap_source_options *pcap,
                              log_capture *log) {
    char *path = file_write(&capture->bytes);
    sp2_pcap_source_options options = pcap != NULL ? *pcap : options_for(NULL);
    options.path = path;
    const result got = receive_file(&options, log);
    file_remove(path);
    bytes_free(&capture->bytes);
    return got;
}

static void check_heaps(const result *got, uint64_t count) {
    CHECK_EQ_U64(got->heaps.count, count);
    for (uint64_t i = 0; i < got->heaps.count; i++) {
        check_filled_heap(got->heaps.heaps[i], i + 1, HEAP_BYTES);
    }
}

/* ---- what is sent ---- */

static datagram_list heaps_to_send(uint64_t count) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= count; cnt++) {
        uint8_t *payload = new_payload(HEAP_BYTES, cnt);
        datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, PACKET_PAYLOAD);
        free(payload);
    }
    return list;
}

static uint64_t add_heaps(capture_builder *capture, const frame_shape *shape, uint64_t count) {
    datagram_list list = heaps_to_send(count);
    for (size_t i = 0; i < list.count; i++) {
        capture_add_datagram(capture, shape, list.datagrams[i].data,
                             (size_t)list.datagrams[i].length);
    }
    const uint64_t datagrams = list.count;
    datagrams_free(&list);
    return datagrams;
}

/* ---- frames of all kinds ---- */

static void check_shape(capture_shape file, frame_shape shape) {
    capture_builder capture;
    capture_begin(&capture, file, shape.has_link ? shape.link : LINK_ETHERNET);
    const uint64_t datagrams = add_heaps(&capture, &shape, HEAPS);
    result got = receive_capture(&capture, NULL, NULL);
    check_heaps(&got, HEAPS);
    CHECK_EQ_U64(got.source.frames, datagrams);
    CHECK_EQ_U64(got.source.datagrams, datagrams);
    CHECK_EQ_U64(got.source.packets, datagrams);
    CHECK_EQ_U64(got.stream.batches, datagrams);
    CHECK_EQ_U64(got.source.errors, 0);
    CHECK_EQ_U64(got.source.unfinished_bytes, 0);
    CHECK_STR(got.source.sender, shape.v6 ? "fd00::1" : "10.0.0.1");
    CHECK_EQ_U64(got.source.sender_port, 40000);
    heaps_free(&got.heaps);
}

SP2_TEST(Heaps_of_every_link_type_are_received) {
    static const uint32_t links[] = {LINK_NULL,   LINK_ETHERNET, LINK_RAW,     LINK_LOOP,
                                     LINK_COOKED, LINK_IPV4,     LINK_COOKED_2};
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        check_shape(plain, (frame_shape){.link = links[i], .has_link = true});
        if (links[i] != LINK_IPV4) {
            check_shape(plain, (frame_shape){.link = links[i], .has_link = true, .v6 = true});
        }
    }
    check_shape(plain, (frame_shape){.link = LINK_IPV6, .has_link = true, .v6 = true});
}

SP2_TEST(Heaps_behind_tags_and_options_are_received) {
    for (unsigned i = 1; i <= 3; i++) {
        check_shape(plain, (frame_shape){.tags = i});
        check_shape(plain, (frame_shape){.tags = i, .v6 = true});
        check_shape(plain, (frame_shape){.options = i});
        check_shape(plain, (frame_shape){.options = i, .v6 = true});
    }
}

SP2_TEST(Captures_of_every_form_are_received) {
    for (int i = 0; i < 8; i++) {
        const capture_shape file = {.pcapng = i & 1, .nanoseconds = i & 2, .swapped = i & 4};
        check_shape(file, ethernet);
    }
}

SP2_TEST(Interfaces_of_a_capture_have_link_types_of_their_own) {
    capture_builder capture;
    test_bytes frame = {0};
    test_bytes body = {0};
    datagram_list list = heaps_to_send(1);
    capture_begin(&capture, (capture_shape){.pcapng = true}, LINK_ETHERNET);
    capture_add_interface(&capture, LINK_COOKED_2);
    capture_add_interface(&capture, 147); /* for private use */
    for (uint32_t i = 0; i < 4; i++) {
        const frame_shape shapes[] = {{.has_link = false},
                                      {.has_link = true, .link = LINK_COOKED_2},
                                      {.has_link = true, .link = LINK_COOKED_2},
                                      {.has_link = true, .link = LINK_COOKED_2}};
        frame.length = 0;
        body.length = 0;
        frame_put(&frame, &shapes[i], list.datagrams[i % 2].data,
                  (size_t)list.datagrams[i % 2].length);
        bytes_put(&body, &i, 4); /* the fourth interface is not described */
        bytes_put_zeros(&body, 8);
        const uint32_t length = (uint32_t)frame.length;
        bytes_put(&body, &length, 4);
        bytes_put(&body, &length, 4);
        bytes_put(&body, frame.data, frame.length);
        capture_add_block(&capture, 6, &body);
    }
    body.length = 0;
    bytes_put_zeros(&body, 2 << 20); /* a block of another type, longer than what is read at once */
    capture_add_block(&capture, 0xbad, &body);
    capture_add_block(&capture, 6, &body); /* a frame longer than any */
    capture_add_datagram(&capture, &ethernet, list.datagrams[2].data,
                         (size_t)list.datagrams[2].length);
    capture_add_datagram(&capture, &ethernet, list.datagrams[3].data,
                         (size_t)list.datagrams[3].length);
    log_capture log = LOG_CAPTURE_INIT;
    result got = receive_capture(&capture, NULL, &log);
    check_heaps(&got, 1);
    CHECK_EQ_U64(got.source.frames, 7);
    CHECK_EQ_U64(got.source.frames_unreadable, 3);
    CHECK_EQ_U64(got.source.datagrams, 4);
    CHECK(log_capture_contains(&log, "not used: frames of link type 147 cannot be read"));
    CHECK(log_capture_contains(&log, "not used: it is longer than any packet"));
    CHECK(log_capture_contains(
        &log, "not used: it is of an interface that the capture does not describe"));
    heaps_free(&got.heaps);
    datagrams_free(&list);
    bytes_free(&frame);
    bytes_free(&body);
}

/* ---- frames that are not used ---- */

SP2_TEST(Frames_that_are_not_used_are_counted_by_reason) {
    capture_builder capture;
    log_capture log = LOG_CAPTURE_INIT;
    static const uint8_t arp[42] = {[12] = 8, [13] = 6};
    test_bytes frame = {0};
    capture_begin(&capture, plain, LINK_ETHERNET);
    capture_add_datagram(&capture, &(frame_shape){.protocol = 6}, "abcd", 4);
    bytes_put(&frame, arp, sizeof(arp));
    capture_add(&capture, &frame);
    capture_add_datagram(&capture, &ethernet, "", 0);
    capture_add_datagram(&capture, &(frame_shape){.ip_excess = 1}, "abcd", 4);
    capture_add_datagram(&capture, &(frame_shape){.ip_excess = -4}, "abcd", 4);
    capture_add_datagram(&capture, &(frame_shape){.udp_excess = -5}, "abcd", 4);
    frame.length = 0;
    bytes_put_zeros(&frame, 8);
    capture_add(&capture, &frame);
    frame.length = 0;
    frame_put(&frame, &ethernet, "abcd", 4);
    capture_add_cut(&capture, &frame, frame.length - 1);
    add_heaps(&capture, &ethernet, 1);
    bytes_free(&frame);
    result got = receive_capture(&capture, NULL, &log);
    check_heaps(&got, 1);
    CHECK_EQ_U64(got.source.frames, 12);
    CHECK_EQ_U64(got.source.frames_other, 2);
    CHECK_EQ_U64(got.source.frames_malformed, 4);
    CHECK_EQ_U64(got.source.frames_truncated, 1);
    CHECK_EQ_U64(got.source.frames_filtered, 0);
    CHECK_EQ_U64(got.source.frames_outgoing, 0);
    CHECK_EQ_U64(got.source.frames_unreadable, 0);
    CHECK_EQ_U64(got.source.datagrams, 5);
    CHECK_EQ_U64(got.source.empty, 1);
    CHECK(log_capture_contains(&log, "not used: the length of its IP packet is wrong"));
    CHECK(log_capture_contains(&log, "not used: the length of its UDP datagram is wrong"));
    CHECK(log_capture_contains(&log, "not used: it ends in a header"));
    CHECK(log_capture_contains(&log, "not used: its end was not captured"));
    heaps_free(&got.heaps);
}

SP2_TEST(Bytes_behind_the_ip_packet_are_padding) {
    capture_builder capture;
    test_bytes frame = {0};
    datagram_list list = heaps_to_send(1);
    capture_begin(&capture, plain, LINK_ETHERNET);
    for (size_t i = 0; i < list.count; i++) {
        frame.length = 0;
        frame_put(&frame, &ethernet, list.datagrams[i].data, (size_t)list.datagrams[i].length);
        bytes_put_zeros(&frame, 6);
        capture_add(&capture, &frame);
    }
    result got = receive_capture(&capture, NULL, NULL);
    check_heaps(&got, 1);
    heaps_free(&got.heaps);
    datagrams_free(&list);
    bytes_free(&frame);
}

SP2_TEST(Datagrams_longer_than_their_packet_are_refused) {
    capture_builder capture;
    datagram_list list = heaps_to_send(1);
    test_bytes datagram = {0};
    bytes_put(&datagram, list.datagrams[0].data, (size_t)list.datagrams[0].length);
    bytes_put_zeros(&datagram, 2);
    capture_begin(&capture, plain, LINK_ETHERNET);
    capture_add_datagram(&capture, &ethernet, datagram.data, datagram.length);
    result got = receive_capture(&capture, NULL, NULL);
    CHECK_EQ_U64(got.heaps.count, 0);
    CHECK_EQ_U64(got.source.size_mismatch, 1);
    heaps_free(&got.heaps);
    datagrams_free(&list);
    bytes_free(&datagram);
}

SP2_TEST(Only_datagrams_to_the_chosen_endpoint_are_used) {
    static const struct {
        const char *address;
        uint32_t port;
        uint64_t datagrams;
    } filters[] = {
        {"", 0, 3},         {"239.2.1.150", 0, 2},     {"::ffff:239.2.1.150", 7149, 1},
        {NULL, 7148, 2},    {"ff12::5", 7148, 1},      {"239.2.1.150", 7148, 1},
        {"10.0.0.1", 0, 0}, {"239.2.1.150", 40000, 0},
    };
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        capture_builder capture;
        sp2_pcap_source_options pcap = options_for(NULL);
        capture_begin(&capture, plain, LINK_ETHERNET);
        capture_add_datagram(&capture, &ethernet, "a", 1);
        capture_add_datagram(&capture, &(frame_shape){.port = 7149}, "a", 1);
        capture_add_datagram(&capture, &(frame_shape){.v6 = true}, "a", 1);
        pcap.address = filters[i].address;
        pcap.port = filters[i].port;
        result got = receive_capture(&capture, &pcap, NULL);
        CHECK_EQ_U64(got.source.datagrams, filters[i].datagrams);
        CHECK_EQ_U64(got.source.frames_filtered, 3 - filters[i].datagrams);
        heaps_free(&got.heaps);
    }
}

SP2_TEST(Outgoing_frames_are_used_if_they_are_asked_for) {
    for (uint32_t i = 0; i < 4; i++) {
        const frame_shape shape = {
            .has_link = true, .link = i & 2 ? LINK_COOKED : LINK_COOKED_2, .outgoing = true};
        capture_builder capture;
        sp2_pcap_source_options pcap = options_for(NULL);
        capture_begin(&capture, plain, shape.link);
        const uint64_t datagrams = add_heaps(&capture, &shape, HEAPS);
        pcap.flags = i & 1 ? SP2_PCAP_OUTGOING : 0;
        result got = receive_capture(&capture, &pcap, NULL);
        check_heaps(&got, i & 1 ? HEAPS : 0);
        CHECK_EQ_U64(got.source.frames_outgoing, i & 1 ? 0 : datagrams);
        heaps_free(&got.heaps);
    }
}

/* ---- segmented sends ---- */

/* One frame that has all packets of a heap. */
static void add_segmented(capture_builder *capture, const datagram_list *list, size_t excess) {
    size_t length;
    uint8_t *joined = datagrams_join(list, &length);
    test_bytes payload = {0};
    bytes_put(&payload, joined, length);
    bytes_put_zeros(&payload, excess);
    capture_add_datagram(capture, &ethernet, payload.data, payload.length);
    bytes_free(&payload);
    free(joined);
}

SP2_TEST(Segmented_sends_are_cut_into_packets) {
    capture_builder capture;
    datagram_list list = {0};
    uint8_t *payload = new_payload(40000, 1);
    datagrams_add_heap(&list, 1, payload, 40000, 1024);
    capture_begin(&capture, plain, LINK_ETHERNET);
    add_segmented(&capture, &list, 0);
    result got = receive_capture(&capture, NULL, NULL);
    REQUIRE(got.heaps.count == 1);
    check_heap(got.heaps.heaps[0], 1, payload, 40000);
    CHECK_EQ_U64(got.source.frames, 1);
    CHECK_EQ_U64(got.source.datagrams, list.count);
    heaps_free(&got.heaps);
    datagrams_free(&list);
    free(payload);
}

SP2_TEST(Packets_that_do_not_tile_a_datagram_are_refused) {
    for (int i = 0; i < 4; i++) {
        capture_builder capture;
        datagram_list list = {0};
        uint8_t *payload = new_payload(HEAP_BYTES, 1);
        datagrams_add_heap(&list, 1, payload, 500, 250);
        /* A byte behind them; a shorter one that is not the last; a larger one at the end; a byte
         * behind a shorter one. */
        if (i == 1) {
            datagrams_add_heap(&list, 2, payload, 100, 250);
            datagrams_add_heap(&list, 3, payload, 250, 250);
        } else if (i == 2) {
            datagrams_add_heap(&list, 2, payload, 300, 300);
        } else if (i == 3) {
            datagrams_add_heap(&list, 2, payload, 100, 250);
        }
        capture_begin(&capture, plain, LINK_ETHERNET);
        add_segmented(&capture, &list, i == 0 || i == 3 ? 1 : 0);
        result got = receive_capture(&capture, NULL, NULL);
        CHECK_EQ_U64(got.heaps.count, 0);
        CHECK_EQ_U64(got.source.size_mismatch, 1);
        heaps_free(&got.heaps);
        datagrams_free(&list);
        free(payload);
    }
}

/* ---- fragments ---- */

/* Adds the fragments of a datagram, of `piece` bytes each, in the order that `order` has: a number
 * for each, or none (NULL: as they come). Returns how many there are. */
static unsigned add_fragments(capture_builder *capture, const frame_shape *shape, uint32_t number,
                              const sp2_datagram *datagram, unsigned piece, bool backwards,
                              int without) {
    test_bytes whole = {0};
    udp_put(&whole, shape, datagram->data, (size_t)datagram->length);
    const unsigned count = ((unsigned)whole.length + piece - 1) / piece;
    for (unsigned i = 0; i < count; i++) {
        const unsigned at = (backwards ? count - 1 - i : i) * piece;
        const bool more = at + piece < whole.length;
        frame_shape fragment = *shape;
        fragment.is_fragment = true;
        fragment.more = more;
        fragment.offset = at;
        fragment.number = number;
        if ((int)(at / piece) != without) {
            capture_add_datagram(capture, &fragment, whole.data + at,
                                 more ? piece : whole.length - at);
        }
    }
    bytes_free(&whole);
    return count;
}

SP2_TEST(Fragments_are_put_together_in_any_order) {
    for (int i = 0; i < 4; i++) {
        const frame_shape shape = {.v6 = i & 1};
        capture_builder capture;
        datagram_list list = heaps_to_send(HEAPS);
        uint64_t fragments = 0;
        capture_begin(&capture, plain, LINK_ETHERNET);
        for (uint32_t j = 0; j < list.count; j++) {
            fragments += add_fragments(&capture, &shape, j, &list.datagrams[j], 48, i & 2, -1);
        }
        result got = receive_capture(&capture, NULL, NULL);
        check_heaps(&got, HEAPS);
        CHECK_EQ_U64(got.source.frames, fragments);
        CHECK_EQ_U64(got.source.fragments, fragments);
        CHECK_EQ_U64(got.source.fragments_lost, 0);
        CHECK_EQ_U64(got.source.datagrams, list.count);
        CHECK_EQ_U64(got.source.sender_port, 40000);
        heaps_free(&got.heaps);
        datagrams_free(&list);
    }
}

SP2_TEST(Fragments_are_filtered_by_port_once_they_are_whole) {
    capture_builder capture;
    datagram_list list = heaps_to_send(1);
    sp2_pcap_source_options pcap = options_for(NULL);
    capture_begin(&capture, plain, LINK_ETHERNET);
    add_fragments(&capture, &ethernet, 1, &list.datagrams[0], 48, false, -1);
    add_fragments(&capture, &(frame_shape){.port = 7149}, 2, &list.datagrams[1], 48, false, -1);
    pcap.port = 7149;
    result got = receive_capture(&capture, &pcap, NULL);
    CHECK_EQ_U64(got.source.datagrams, 1);
    CHECK_EQ_U64(got.source.frames_filtered, 1);
    heaps_free(&got.heaps);
    datagrams_free(&list);
}

SP2_TEST(Fragments_of_packets_with_gaps_are_lost) {
    capture_builder capture;
    datagram_list list = heaps_to_send(1);
    capture_begin(&capture, plain, LINK_ETHERNET);
    const unsigned count = add_fragments(&capture, &ethernet, 1, &list.datagrams[0], 48, false, -1);
    add_fragments(&capture, &ethernet, 2, &list.datagrams[1], 48, false, 0);
    add_fragments(&capture, &ethernet, 3, &list.datagrams[1], 48, false, (int)count - 1);
    add_fragments(&capture, &ethernet, 4, &list.datagrams[1], 48, true, 2);
    result got = receive_capture(&capture, NULL, NULL);
    CHECK_EQ_U64(got.source.datagrams, 1);
    CHECK_EQ_U64(got.source.fragments, 4 * count - 3);
    CHECK_EQ_U64(got.source.fragments_lost, 3 * (count - 1));
    heaps_free(&got.heaps);
    datagrams_free(&list);
}

/* Numbers of packets recur: what is left of an earlier packet must not become a part of another. */
SP2_TEST(Fragments_of_two_packets_are_not_mixed) {
    capture_builder capture;
    datagram_list list = heaps_to_send(1);
    capture_begin(&capture, plain, LINK_ETHERNET);
    /* The first fragment of one packet, and all of another. */
    add_fragments(&capture, &ethernet, 7, &list.datagrams[1], 200, false, 1);
    add_fragments(&capture, &ethernet, 7, &list.datagrams[0], 200, false, -1);
    /* The last fragment of one packet and the first of another, which its checksum tells. */
    add_fragments(&capture, &ethernet, 8, &list.datagrams[1], 200, false, 0);
    add_fragments(&capture, &ethernet, 8, &list.datagrams[2], 200, false, 1);
    result got = receive_capture(&capture, NULL, NULL);
    CHECK_EQ_U64(got.source.fragments, 5);
    CHECK_EQ_U64(got.source.fragments_lost, 3);
    CHECK_EQ_U64(got.source.packets, 1);
    CHECK_EQ_U64(got.source.datagrams, 1);
    heaps_free(&got.heaps);
    datagrams_free(&list);
}

SP2_TEST(Fragments_without_an_end_take_bounded_room) {
    enum { PACKETS = 1000, KEPT = 64 };
    capture_builder capture;
    datagram_list list = heaps_to_send(1);
    capture_begin(&capture, plain, LINK_ETHERNET);
    for (uint32_t i = 0; i < PACKETS; i++) {
        add_fragments(&capture, &ethernet, i, &list.datagrams[0], 200, false, 1);
    }
    add_fragments(&capture, &ethernet, PACKETS - 1, &list.datagrams[0], 200, false, 0);
    add_fragments(&capture, &ethernet, PACKETS - KEPT, &list.datagrams[1], 200, false, 0);
    result got = receive_capture(&capture, NULL, NULL);
    CHECK_EQ_U64(got.source.fragments, PACKETS + 2);
    /* The second one is of another packet than the first fragment, as its checksum tells. */
    CHECK_EQ_U64(got.source.datagrams, 1);
    CHECK_EQ_U64(got.source.fragments_lost, PACKETS);
    heaps_free(&got.heaps);
    datagrams_free(&list);
}

SP2_TEST(Fragments_that_cannot_be_are_lost) {
    static const frame_shape shapes[] = {
        {.is_fragment = true, .more = true, .offset = 8},      /* not a multiple of 8 bytes */
        {.is_fragment = true, .more = false, .offset = 65528}, /* beyond the longest packet */
    };
    capture_builder capture;
    capture_begin(&capture, plain, LINK_ETHERNET);
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        capture_add_datagram(&capture, &shapes[i], "0123456789", 10);
    }
    result got = receive_capture(&capture, NULL, NULL);
    CHECK_EQ_U64(got.source.fragments, 2);
    CHECK_EQ_U64(got.source.fragments_lost, 2);
    heaps_free(&got.heaps);
}

/* ---- the ends of files ---- */

SP2_TEST(Capture_that_ends_anywhere_gives_what_is_before) {
    capture_builder capture;
    for (int i = 0; i < 2; i++) {
        capture_begin(&capture, (capture_shape){.pcapng = i}, LINK_ETHERNET);
        const size_t start = capture.bytes.length;
        const uint64_t datagrams = add_heaps(&capture, &ethernet, 1);
        const test_bytes whole = capture.bytes;
        uint64_t unfinished = 0;
        for (size_t length = start; length <= whole.length; length += 17) {
            log_capture log = LOG_CAPTURE_INIT;
            capture_builder part = {.frames = 0};
            bytes_put(&part.bytes, whole.data, length);
            result got = receive_capture(&part, NULL, &log);
            CHECK(got.source.datagrams <= datagrams);
            CHECK_EQ_U64(got.source.errors, 0);
            CHECK((got.source.unfinished_bytes != 0) ==
                  log_capture_contains(&log, "ends within a record, so reading ends at byte"));
            unfinished += got.source.unfinished_bytes != 0;
            heaps_free(&got.heaps);
        }
        CHECK(unfinished > 10);
        free(whole.data);
    }
}

SP2_TEST(Capture_with_bytes_that_are_no_record_ends_there) {
    capture_builder capture;
    log_capture log = LOG_CAPTURE_INIT;
    capture_begin(&capture, (capture_shape){.pcapng = true}, LINK_ETHERNET);
    add_heaps(&capture, &ethernet, 1);
    capture_put32(&capture, 6);
    capture_put32(&capture, 13);
    add_heaps(&capture, &ethernet, HEAPS);
    result got = receive_capture(&capture, NULL, &log);
    check_heaps(&got, 1);
    CHECK_EQ_U64(got.source.errors, 1);
    CHECK(log_capture_contains(&log, "has bytes that are no record, so reading ends at byte"));
    heaps_free(&got.heaps);
}

/* A capture that fills several reads. */
static char *write_large(uint64_t heaps) {
    capture_builder capture;
    capture_begin(&capture, plain, LINK_ETHERNET);
    add_heaps(&capture, &ethernet, heaps);
    char *path = file_write(&capture.bytes);
    bytes_free(&capture.bytes);
    return path;
}

static void wait_until_blocked(sp2_packet_source *source) {
    WAIT_UNTIL(source_stats(source).blocked != 0, PATIENCE_SECONDS);
}

SP2_TEST(Source_waits_while_the_ring_is_full) {
    enum { MANY = 2000 };
    char *path = write_large(MANY);
    const sp2_pcap_source_options pcap = options_for(path);
    sp2_receive_options options = quiet_options(0);
    sp2_packet_source *source = NULL;
    options.ring_heaps = 1;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(sp2_receive_stream_add_pcap_source(stream, &pcap, &source));
    wait_until_blocked(source);
    CHECK(source_stats(source).datagrams < 100);
    result got = {.heaps = pop_all(stream)};
    check_heaps(&got, MANY);
    heaps_free(&got.heaps);
    sp2_receive_stream_destroy(stream);
    sp2_packet_source_release(source);
    file_remove(path);
}

SP2_TEST(Capture_that_becomes_shorter_is_an_error) {
    enum { MANY = 2000 };
    char *path = write_large(MANY);
    const sp2_pcap_source_options pcap = options_for(path);
    log_capture log = LOG_CAPTURE_INIT;
    sp2_receive_options options = quiet_options(0);
    sp2_packet_source *source = NULL;
    options.ring_heaps = 1;
    options.log = log_capture_message;
    options.log_context = &log;
    options.log_level = SP2_LOG_WARNING;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(sp2_receive_stream_add_pcap_source(stream, &pcap, &source));
    wait_until_blocked(source);
    if (truncate(path, 100) != 0) {
        sp2_receive_stream_destroy(stream);
        sp2_packet_source_release(source);
        file_remove(path);
        SKIP("a file that is read cannot be made shorter here");
    }
    result got = {.heaps = pop_all(stream)};
    CHECK(got.heaps.count > 0 && got.heaps.count < MANY);
    CHECK_EQ_U64(source_stats(source).errors, 1);
    CHECK(log_capture_contains(&log, "has become shorter, so reading ends at byte"));
    heaps_free(&got.heaps);
    sp2_receive_stream_destroy(stream);
    sp2_packet_source_release(source);
    file_remove(path);
}

SP2_TEST(Source_of_a_capture_is_removed_while_it_waits) {
    char *path = write_large(2000);
    const sp2_pcap_source_options pcap = options_for(path);
    sp2_receive_options options = quiet_options(0);
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    sp2_packet_source *source = NULL;
    options.ring_heaps = 1;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(sp2_receive_stream_add_pcap_source(stream, &pcap, &source));
    wait_until_blocked(source);
    REQUIRE_OK(sp2_packet_source_remove(source));
    REQUIRE_OK(sp2_packet_source_get_info(source, &info));
    CHECK_EQ_U64(info.kind, SP2_SOURCE_PCAP);
    CHECK_EQ_U64(info.state, SP2_SOURCE_REMOVED);
    sp2_receive_stream_destroy(stream);
    sp2_packet_source_release(source);
    file_remove(path);
}

/* ---- what is refused ---- */

static void check_refused(const sp2_pcap_source_options *pcap, int32_t status, const char *says) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_packet_source *source = (sp2_packet_source *)1;
    CHECK_STATUS(sp2_receive_stream_add_pcap_source(stream, pcap, &source), status);
    CHECK(source == NULL);
    CHECK_CONTAINS(sp2_last_error_message(), says);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Options_that_break_a_rule_are_refused) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_pcap_source_options pcap = options_for("x");
    CHECK_STATUS(sp2_receive_stream_add_pcap_source(NULL, &pcap, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_stream_add_pcap_source(stream, NULL, NULL), SP2_E_ARG);
    sp2_receive_stream_destroy(stream);
    pcap.flags = 2;
    check_refused(&pcap, SP2_E_TOO_NEW, "flags has 0x2, which this library does not know yet");
    pcap = options_for("x");
    pcap.reserved = 3;
    check_refused(&pcap, SP2_E_ARG, "sp2_pcap_source_options.reserved must be 0, not 3");
    pcap = options_for(NULL);
    check_refused(&pcap, SP2_E_ARG, "sp2_pcap_source_options.path must be set");
    pcap = options_for("");
    check_refused(&pcap, SP2_E_ARG, "sp2_pcap_source_options.path must be set");
    pcap = options_for("x");
    pcap.port = 65536;
    check_refused(&pcap, SP2_E_ARG,
                  "sp2_pcap_source_options.port is 65536, but ports end at 65535");
    static const char *const addresses[] = {"localhost", "10.0.0", "10.0.0.1/8", "::1%lo", "[::1]"};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        pcap = options_for("x");
        pcap.address = addresses[i];
        check_refused(&pcap, SP2_E_ADDRESS, "which is no IPv4 or IPv6 address");
    }
}

static void check_file_refused(const void *data, size_t length, int32_t status, const char *says) {
    test_bytes bytes = {0};
    bytes_put(&bytes, data, length);
    char *path = file_write(&bytes);
    const sp2_pcap_source_options pcap = options_for(path);
    check_refused(&pcap, status, says);
    file_remove(path);
    bytes_free(&bytes);
}

SP2_TEST(Files_that_are_no_capture_are_refused) {
    capture_builder capture;
    const sp2_pcap_source_options missing = options_for("/nowhere/at all.pcap");
    const sp2_pcap_source_options folder = options_for(".");
    check_refused(&missing, SP2_E_OS, "cannot open the capture \"/nowhere/at all.pcap\": ");
    CHECK(sp2_last_error_os_code() != 0);
#if !defined(_WIN32)
    check_refused(&folder, SP2_E_ARG, "sp2_pcap_source_options.path is \".\", which is no regular");
#else
    (void)folder;
#endif
    check_file_refused("", 0, SP2_E_ARG, "which is no capture");
    check_file_refused("abc", 3, SP2_E_ARG, "which is no capture");
    check_file_refused("no capture at all", 17, SP2_E_ARG, "which is no capture");
    capture_begin(&capture, plain, 147);
    check_file_refused(capture.bytes.data, capture.bytes.length, SP2_E_UNSUPPORTED,
                       "frames of link type 147, as in the capture");
    check_file_refused(capture.bytes.data, capture.bytes.length - 1, SP2_E_ARG,
                       "which is no capture");
    bytes_free(&capture.bytes);
}

#if !defined(_WIN32)
SP2_TEST(Pipes_and_files_that_cannot_be_read_are_refused) {
    test_bytes none = {0};
    char *path = file_write(&none);
    remove(path);
    REQUIRE(mkfifo(path, 0600) == 0);
    sp2_pcap_source_options pcap = options_for(path);
    check_refused(&pcap, SP2_E_ARG, "which is no regular file");
    file_remove(path);
    pcap = options_for("/proc/self/mem");
    check_refused(&pcap, SP2_E_OS, "the capture \"/proc/self/mem\": ");
}
#endif

SP2_TEST(Stopped_stream_opens_no_capture) {
    const sp2_pcap_source_options pcap = options_for("/nowhere/at all.pcap");
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    sp2_packet_source *source = NULL;
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    REQUIRE_OK(sp2_receive_stream_add_pcap_source(stream, &pcap, &source));
    REQUIRE_OK(sp2_packet_source_get_info(source, &info));
    CHECK_EQ_U64(info.state, SP2_SOURCE_ENDED);
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(stream);
}
