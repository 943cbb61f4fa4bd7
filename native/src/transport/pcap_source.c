/* SPDX-License-Identifier: MIT */
/* The UDP datagrams of a capture file. Each is a batch of its own. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/file.h"
#include "packet/capture.h"
#include "packet/fragments.h"
#include "packet/frame.h"
#include "receive/stream.h"
#include "spead2core/pcap.h"
#include "transport/pcap_options.h"
#include "transport/udp_address.h"

/* What one system call reads: little enough to stay in the caches until it is copied. */
#define CHUNK ((uint64_t)256 << 10)

/* A record that is not complete, and a chunk behind it. */
#define CAPACITY (SP2__CAPTURE_MAX_RECORD + CHUNK)

typedef struct pcap_source {
    sp2_packet_source base;
    sp2__pcap_settings settings;
    char *path; /* for messages */
    intptr_t file;
    uint64_t first_size; /* of the file, when it was opened */
    uint64_t position;   /* in the file, of what is read next */
    uint8_t *buffer;
    uint64_t start; /* the first byte that has not been used */
    uint64_t end;
    bool is_used_up;         /* the buffer: more bytes are needed */
    bool has_ended;          /* nothing more can be read */
    bool is_counted;         /* what there is to count at the end */
    sp2__capture capture;    /* where the reader of records is */
    sp2__fragments *parts;   /* NULL until there is a fragment */
    const uint8_t *datagram; /* that is being handed over, or NULL; in the buffer or in `parts` */
    uint64_t length;         /* of what is left of it */
    uint64_t piece;          /* what is handed over of it at a time: a segment, or all */
    sp2__address sender;     /* of the datagram */
    sp2__address told;       /* the sender in the statistics */
} pcap_source;

/* ---- the file ---- */

static SP2__COLD void note_end(pcap_source *source, bool is_error, const char *what) {
    source->base.stats.errors += is_error;
    SP2__LOG(&source->base.stream->logger, SP2__MESSAGE_CAPTURE, SP2_LOG_WARNING,
             "the capture %s %s, so reading ends at byte %" PRIu64, source->path, what,
             source->position - (source->end - source->start));
}

/* Nothing more comes from the file. */
static void finish_file(pcap_source *source) {
    const uint64_t rest = source->end - source->start;
    source->has_ended = true;
    source->base.stats.unfinished_bytes += rest;
    if (source->position < source->first_size) {
        note_end(source, true, "has become shorter");
    } else if (rest != 0 || source->position > source->first_size) {
        note_end(source, false, "ends within a record");
    }
    source->start = source->end;
}

/* Puts more bytes behind those that have not been used. Returns 0 or an error number. */
static int32_t read_bytes(pcap_source *source, uint64_t *count) {
    const uint64_t rest = source->end - source->start;
    memmove(source->buffer, source->buffer + source->start, (size_t)rest);
    source->start = 0;
    source->end = rest;
    const int32_t error =
        sp2__file_read(source->file, source->position, source->buffer + rest, CHUNK, count);
    source->position += *count;
    source->end += *count;
    return error;
}

static void fill(pcap_source *source) {
    uint64_t count;
    const int32_t error = read_bytes(source, &count);
    if (SP2__UNLIKELY(error != 0)) {
        char text[128];
        char what[160];
        source->has_ended = true;
        snprintf(what, sizeof(what), "cannot be read (%s)",
                 sp2__os_error_text(error, text, sizeof(text)));
        note_end(source, true, what);
    } else if (count == 0) {
        finish_file(source);
    }
    source->is_used_up = false;
}

/* Moves on in the file, by more than the buffer may have. */
static void pass(pcap_source *source, uint64_t size) {
    const uint64_t here = sp2__min_u64(size, source->end - source->start);
    source->start += here;
    source->position += size - here;
}

/* ---- frames ---- */

static SP2__COLD bool skip_frame(pcap_source *source, uint64_t *counter, int32_t level,
                                 const char *why) {
    ++*counter;
    SP2__LOG(&source->base.stream->logger, SP2__MESSAGE_CAPTURE, level,
             "a frame of the capture %s not used: %s", source->path, why);
    return false;
}

/* The bytes of each packet in a datagram that was captured before it was cut, or else all. */
static uint64_t segment_of(const sp2__dialect *dialect, const uint8_t *bytes, uint64_t length) {
    sp2__packet packet;
    if (sp2__packet_decode_dialect(bytes, length, dialect, &packet) != SP2__PACKET_OK ||
        packet.size == length) {
        return length;
    }
    const uint64_t segment = packet.size;
    for (uint64_t at = segment; at < length; at += segment) {
        const uint64_t left = sp2__min_u64(segment, length - at);
        if (sp2__packet_decode_dialect(bytes + at, left, dialect, &packet) != SP2__PACKET_OK ||
            packet.size != left) {
            return length;
        }
    }
    return segment;
}

static void set_sender(pcap_source *source, const sp2__frame *frame) {
    sp2__address *sender = &source->sender;
    const uint32_t skipped = frame->v6 ? 0 : 12;
    memset(sender, 0, sizeof(*sender));
    sender->length = 16 - skipped;
    sender->port = frame->source.port;
    memcpy(sender->bytes, frame->source.ip + skipped, sender->length);
}

static bool use_datagram(pcap_source *source, const sp2__frame *frame) {
    sp2_packet_source_stats *stats = &source->base.stats;
    if (source->settings.port != 0 && frame->destination.port != source->settings.port) {
        stats->frames_filtered++;
        return false;
    }
    set_sender(source, frame);
    source->datagram = frame->payload;
    source->length = frame->length;
    source->piece = segment_of(&source->base.dialect, frame->payload, frame->length);
    return true;
}

/* Adds a fragment; if its packet is complete, that is the frame. */
static sp2__frame_kind put_together(pcap_source *source, sp2__frame *frame) {
    sp2_packet_source_stats *stats = &source->base.stats;
    stats->fragments++;
    if (source->parts == NULL) {
        source->parts = sp2__calloc_array(1, sizeof(*source->parts));
        if (source->parts == NULL) {
            stats->fragments_lost++;
            SP2__LOG(&source->base.stream->logger, SP2__MESSAGE_MEMORY, SP2_LOG_WARNING,
                     "fragments of the capture %s not used: there is no memory for them",
                     source->path);
            return SP2__FRAME_FRAGMENT;
        }
    }
    const uint64_t before = source->parts->lost;
    const sp2__frame_kind kind = sp2__fragments_add(source->parts, frame);
    stats->fragments_lost += source->parts->lost - before;
    return kind;
}

static bool use_kind(pcap_source *source, sp2__frame_kind kind, const sp2__frame *frame) {
    sp2_packet_source_stats *stats = &source->base.stats;
    switch (kind) {
    case SP2__FRAME_UDP:
    case SP2__FRAME_EMPTY:
        return use_datagram(source, frame);
    case SP2__FRAME_FRAGMENT:
        return false;
    case SP2__FRAME_SHORT:
        return skip_frame(source, &stats->frames_malformed, SP2_LOG_INFO, "it ends in a header");
    case SP2__FRAME_IP_LENGTH:
        return skip_frame(source, &stats->frames_malformed, SP2_LOG_INFO,
                          "the length of its IP packet is wrong");
    case SP2__FRAME_UDP_LENGTH:
        return skip_frame(source, &stats->frames_malformed, SP2_LOG_INFO,
                          "the length of its UDP datagram is wrong");
    default:
        stats->frames_other++;
        return false;
    }
}

/* Whether the frame is, or completes, a datagram to be handed over. */
static bool use_frame(pcap_source *source, const sp2__capture_record *record) {
    sp2_packet_source_stats *stats = &source->base.stats;
    sp2__frame frame;
    sp2__frame_kind kind = sp2__frame_decode(record->link, record->bytes, record->length, &frame);
    if (kind == SP2__FRAME_UNKNOWN_LINK) {
        char why[64];
        snprintf(why, sizeof(why), "frames of link type %u cannot be read", (unsigned)record->link);
        return skip_frame(source, &stats->frames_unreadable, SP2_LOG_WARNING, why);
    }
    if (kind == SP2__FRAME_UDP || kind == SP2__FRAME_EMPTY || kind == SP2__FRAME_FRAGMENT) {
        if (frame.outgoing && !source->settings.outgoing) {
            stats->frames_outgoing++;
            return false;
        }
        if (source->settings.has_address &&
            memcmp(frame.destination.ip, source->settings.address, sizeof(frame.destination.ip))) {
            stats->frames_filtered++;
            return false;
        }
    }
    if (kind == SP2__FRAME_FRAGMENT) {
        kind = put_together(source, &frame);
    }
    return use_kind(source, kind, &frame);
}

static SP2__COLD bool use_other(pcap_source *source, sp2__capture_event event) {
    sp2_packet_source_stats *stats = &source->base.stats;
    switch (event) {
    case SP2__CAPTURE_TRUNCATED:
        return skip_frame(source, &stats->frames_truncated, SP2_LOG_WARNING,
                          "its end was not captured; capture with a larger snapshot length");
    case SP2__CAPTURE_TOO_LONG:
        return skip_frame(source, &stats->frames_unreadable, SP2_LOG_WARNING,
                          "it is longer than any packet");
    default:
        return skip_frame(source, &stats->frames_unreadable, SP2_LOG_WARNING,
                          "it is of an interface that the capture does not describe");
    }
}

/* Looks for the next datagram in the buffer. */
static bool find_datagram(pcap_source *source) {
    while (!source->has_ended) {
        sp2__capture_record record;
        uint64_t size;
        const sp2__capture_event event =
            sp2__capture_next(&source->capture, source->buffer + source->start,
                              source->end - source->start, &size, &record);
        if (event == SP2__CAPTURE_MORE) {
            source->is_used_up = true;
            return false;
        }
        if (SP2__UNLIKELY(event == SP2__CAPTURE_DAMAGED)) {
            source->has_ended = true;
            note_end(source, true, "has bytes that are no record");
            return false;
        }
        pass(source, size);
        if (event == SP2__CAPTURE_OTHER) {
            continue;
        }
        source->base.stats.frames++;
        if (event == SP2__CAPTURE_FRAME ? use_frame(source, &record) : use_other(source, event)) {
            return true;
        }
    }
    return false;
}

/* ---- packets ---- */

static sp2__answer hand_over(pcap_source *source) {
    sp2_packet_source *base = &source->base;
    const uint64_t length = sp2__min_u64(source->piece, source->length);
    const sp2__answer answer = sp2__stream_add_datagram(base->stream, source->datagram, length);
    if (!sp2__answer_used(answer)) {
        return answer;
    }
    base->slice_packets++;
    base->slice_bytes += length;
    base->stats.datagrams++;
    base->stats.bytes += length;
    source->length -= length;
    source->datagram = source->length == 0 ? NULL : source->datagram + length;
    return answer;
}

static bool is_same(const sp2__address *first, const sp2__address *second) {
    return memcmp(first, second, sizeof(*first)) == 0;
}

static sp2__answer add_datagrams(pcap_source *source, sp2__answer answer) {
    sp2_packet_source *base = &source->base;
    sp2_receive_stream *stream = base->stream;
    const bool wants_senders = sp2__stream_wants_senders(stream);
    const uint64_t packets = stream->stats.packets;
    const uint64_t datagrams = base->stats.datagrams;
    sp2__address known = {0};
    while (answer == SP2__MORE && base->slice_packets < SP2__SLICE_PACKETS &&
           base->slice_bytes < SP2__SLICE_BYTES &&
           (source->datagram != NULL || find_datagram(source))) {
        if (wants_senders && !is_same(&known, &source->sender)) {
            known = source->sender;
            sp2__assembler_set_sender(&stream->assembler, &known);
        }
        answer = hand_over(source);
    }
    if (answer == SP2__MORE && source->is_counted) {
        sp2__stream_end_source(stream);
        answer = SP2__ENDED;
    }
    sp2__stream_count_batches(stream, base->stats.datagrams - datagrams,
                              stream->stats.packets != packets);
    return answer;
}

static void count_rest(pcap_source *source) {
    if (source->parts != NULL) {
        source->base.stats.fragments_lost += sp2__fragments_waiting(source->parts);
    }
    source->is_counted = true;
}

static void show_sender(pcap_source *source) {
    if (source->sender.length == 0 || is_same(&source->told, &source->sender)) {
        return;
    }
    sp2_packet_source_stats *stats = &source->base.stats;
    source->told = source->sender;
    sp2__ip_address address = sp2__ip_address_make(&source->sender);
    sp2__ip_address_tell(&address, stats->sender, sizeof(stats->sender), &stats->sender_port);
}

static sp2__answer poll(sp2_packet_source *base) {
    pcap_source *source = SP2__CONTAINER(base, pcap_source, base);
    if (source->is_used_up) {
        fill(source);
    }
    if (source->has_ended && source->datagram == NULL && !source->is_counted) {
        count_rest(source);
    }
    const sp2__answer answer = add_datagrams(source, sp2__source_enter(base));
    show_sender(source);
    sp2__source_leave(base);
    return answer;
}

static void tell_sender(sp2_packet_source *base, sp2__address *sender) {
    *sender = SP2__CONTAINER(base, pcap_source, base)->sender;
}

/* ---- the source ---- */

static void close_source(sp2_packet_source *base) {
    const pcap_source *source = SP2__CONTAINER(base, pcap_source, base);
    if (source->file != SP2__NO_FILE) {
        sp2__file_close(source->file);
    }
}

static bool detach(sp2_packet_source *base) {
    pcap_source *source = SP2__CONTAINER(base, pcap_source, base);
    sp2__free(source->buffer);
    sp2__free(source->parts);
    source->buffer = NULL;
    source->parts = NULL;
    return true;
}

static void free_source(sp2_packet_source *base) {
    pcap_source *source = SP2__CONTAINER(base, pcap_source, base);
    sp2__free(source->path);
    sp2__free(source);
}

static const sp2__source_ops ops = {
    .poll = poll,
    .close = close_source,
    .close_copy = close_source, /* nothing but the descriptor */
    .detach = detach,
    .free = free_source,
    .tell_sender = tell_sender,
};

static int32_t fail_os(int32_t error, const char *what, const char *path) {
    char text[128];
    return sp2__fail(sp2__os_error_is_memory(error) ? SP2_E_NOMEM : SP2_E_OS, error,
                     "cannot %s the capture \"%s\": %s", what, path,
                     sp2__os_error_text(error, text, sizeof(text)));
}

/* Reads the start of the file, which says what it is. */
static int32_t read_start(pcap_source *source, const char *path) {
    uint64_t count;
    const int32_t error = read_bytes(source, &count);
    if (error != 0) {
        return fail_os(error, "read", path);
    }
    sp2__capture_record record;
    uint64_t size;
    if (sp2__capture_next(&source->capture, source->buffer, source->end, &size, &record) !=
        SP2__CAPTURE_OTHER) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_pcap_source_options.path is \"%s\", which is no capture: it does not "
                         "begin as files of pcap and pcapng do",
                         path);
    }
    pass(source, size);
    const uint32_t link = source->capture.interfaces[0].link;
    if (!source->capture.is_pcapng && !sp2__link_is_known(link)) {
        return sp2__fail(SP2_E_UNSUPPORTED, 0,
                         "frames of link type %u, as in the capture \"%s\", cannot be read",
                         (unsigned)link, path);
    }
    return SP2_OK;
}

/* What is open when it fails, the source's end closes. */
static int32_t open_source(pcap_source *source, const char *path) {
    int32_t error = 0;
    switch (sp2__file_open(path, &source->file, &source->first_size, &error)) {
    case SP2__FILE_OPEN:
        break;
    case SP2__FILE_REFUSED:
        return fail_os(error, "open", path);
    case SP2__FILE_NOT_REGULAR:
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_pcap_source_options.path is \"%s\", which is no regular file", path);
    }
    const size_t length = strlen(path) + 1;
    source->path = sp2__alloc(length);
    source->buffer = sp2__alloc((size_t)CAPACITY);
    if (source->path == NULL || source->buffer == NULL) {
        return sp2__fail_memory("the frames of a capture");
    }
    memcpy(source->path, path, length);
    return read_start(source, path);
}

int32_t sp2_receive_stream_add_pcap_source(sp2_receive_stream *stream,
                                           const sp2_pcap_source_options *caller,
                                           sp2_packet_source **handle) {
    static const char function[] = "sp2_receive_stream_add_pcap_source";
    int32_t status = sp2__stream_check_call(stream, caller, handle, function);
    if (status != SP2_OK) {
        return status;
    }
    sp2__pcap_settings settings;
    status = sp2__pcap_options_read(caller, &settings);
    if (status == SP2_OK) {
        status = sp2__stream_check_open(stream, function);
    }
    if (status != SP2_OK) {
        return status;
    }
    pcap_source *source = sp2__calloc_array(1, sizeof(*source));
    if (source == NULL) {
        return sp2__fail_memory("a source of a capture");
    }
    source->file = SP2__NO_FILE;
    source->settings = settings;
    sp2__source_init(&source->base, &ops, SP2_SOURCE_PCAP, stream);
    source->base.dialect = settings.dialect;
    if (!sp2__flow_is_closed(&stream->flow)) {
        status = open_source(source, settings.path);
    }
    source->settings.path = NULL; /* it is the caller's */
    if (status != SP2_OK) {
        sp2__source_close(&source->base);
        return status;
    }
    sp2__source_hand_out(&source->base, handle);
    sp2__stream_add_source(stream, &source->base);
    return SP2_OK;
}
