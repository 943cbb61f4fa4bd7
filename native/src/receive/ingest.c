/* SPDX-License-Identifier: MIT */
/* What comes in: packets, batches, and the heaps that leave the assembly because of them. */
#include <inttypes.h>

#include "base/checked.h"
#include "base/clock.h"
#include "receive/stream.h"
#include "spead2core/dialect.h"

/* Refused datagrams of a source that are looked at to see which dialect takes them. */
#define MOST_SUGGESTIONS 64

static sp2__answer answer_of(sp2_receive_stream *stream) {
    return SP2__UNLIKELY(stream->ending) ? SP2__ENDED : sp2__flow_answer(&stream->flow);
}

/* What was counted before belongs to the second that has passed, if one has. */
static void look_at_clock(sp2_receive_stream *stream) {
    const uint64_t second = sp2__clock_ns() / SP2__NS_PER_SECOND;
    if (SP2__UNLIKELY(second != stream->loss.last) && !stream->loss.has_ended) {
        sp2__stream_take_second(stream, second);
    }
}

sp2__answer sp2__stream_enter(sp2_receive_stream *stream) {
    sp2__mutex_lock(&stream->lock);
    stream->handing = NULL;
    stream->steered = NULL;
    stream->dialect = NULL;
    if (SP2__UNLIKELY(stream->assembler.sender != 0)) {
        sp2__assembler_set_sender(&stream->assembler, NULL);
    }
    if (SP2__UNLIKELY(stream->loss.seconds != NULL)) {
        look_at_clock(stream);
    }
    if (SP2__UNLIKELY(stream->sink == &stream->chunk_sink.base)) {
        stream->ending |= !sp2__chunk_sink_begin_slice(&stream->chunk_sink);
    }
    if (SP2__UNLIKELY(sp2__flow_state_of(&stream->flow) == SP2__FLOW_BLOCKED)) {
        sp2__stream_settle(stream);
    }
    return answer_of(stream);
}

/* A source that is alone has nobody to yield to. */
static bool has_others(const sp2_packet_source *source) {
    const sp2_packet_source *first = source->stream->sources;
    return first != NULL && (first != source || source->next != NULL);
}

sp2__answer sp2__source_enter(sp2_packet_source *source) {
    const sp2__answer answer = sp2__stream_enter(source->stream);
    const sp2_receive_stats *now = &source->stream->stats;
    /* What the stream counts from here on is this source's. */
    source->stats.packets -= now->packets;
    source->stats.malformed -= now->malformed;
    source->stats.size_mismatch -= now->size_mismatch;
    source->stats.truncated -= now->truncated;
    source->stats.empty -= now->empty;
    source->stream->reading = has_others(source) ? source : NULL;
    source->stream->reading_number = source->number;
    source->stream->heaps_started = 0;
    source->stream->handing = source;
    source->stream->steered = source->steered;
    source->stream->dialect = source->dialect.flags != 0 ? &source->dialect : NULL;
    sp2__assembler_decode_all(&source->stream->assembler,
                              sp2__dialect_decodes_all(&source->dialect));
    return answer;
}

static int64_t shown_length(uint64_t length) {
    return length == SP2__LENGTH_UNKNOWN ? -1 : (int64_t)length;
}

static void add_missing(sp2_receive_stream *stream, const sp2__missing *missing) {
    stream->stats.packets_missing += missing->packets;
    stream->stats.bytes_missing += missing->bytes;
}

/* The packets of a heap that has none between its first and last are taken to be as long as those
 * of the heaps before it, and without such heaps as what has arrived of it. */
static SP2__COLD void count_missing(sp2_receive_stream *stream, const sp2_heap *heap,
                                    bool is_evicted) {
    uint64_t length = stream->packet_length;
    if (length == 0) {
        length = sp2__max_u64(heap->received_length, 1);
    }
    sp2__missing inside;
    const sp2__missing missing = sp2__heap_missing(heap, length, &inside);
    const bool is_counted = heap->is_counted || heap->is_repeat;
    const bool is_kept =
        is_evicted && sp2__evicted_note(&stream->assembler.evicted, &missing, &inside, is_counted);
    if (!is_kept && !is_counted) {
        add_missing(stream, &missing);
    }
}

/* What has turned out to be missing of heaps that were evicted. */
static SP2__COLD void take_due(sp2_receive_stream *stream) {
    add_missing(stream, &stream->assembler.evicted.due);
    stream->assembler.evicted.due = (sp2__missing){0, 0};
}

void sp2__stream_count_evicted(sp2_receive_stream *stream) {
    sp2__evicted_heap *oldest;
    while ((oldest = sp2__evicted_oldest(&stream->assembler.evicted)) != NULL) {
        sp2__evicted_count(&stream->assembler.evicted, oldest);
    }
    take_due(stream);
}

/* What was noted of a heap while it was assembled. */
static SP2__COLD void count_marks(sp2_receive_stats *stats, uint32_t flags) {
    stats->heaps_mixed += (flags & SP2_HEAP_MIXED) != 0;
    stats->heaps_contradictory += (flags & SP2_HEAP_CONTRADICTORY) != 0;
}

/* A heap that leaves the assembly, for whatever reason but the user's stop. */
static void leave_assembly(sp2_receive_stream *stream, sp2_heap *heap, bool is_evicted) {
    stream->stats.heaps++;
    if (SP2__UNLIKELY(stream->accounting.by_item)) {
        sp2__accounting_take_items(&stream->accounting, heap);
    }
    if (SP2__UNLIKELY(heap->flags != 0)) {
        count_marks(&stream->stats, heap->flags);
    }
    if (heap->received_length > stream->stats.max_heap_bytes) {
        stream->stats.max_heap_bytes = heap->received_length;
    }
    if (heap->packet_length != 0) {
        stream->packet_length = heap->packet_length;
    }
    if (heap->block.memory != NULL) { /* else it is in a chunk */
        sp2__reuse_add(&stream->assembler.reuse, heap->received_length);
    }
    if (SP2__UNLIKELY(!sp2__heap_is_contiguous(heap))) {
        count_missing(stream, heap, is_evicted);
        /* Some or all of its memory may be released, to be somebody else's next. */
        sp2__copier_fence(&stream->assembler.copier);
    }
    if (SP2__UNLIKELY(!sp2__heap_finish(heap, stream->flags & SP2_RECEIVE_KEEP_RANGES,
                                        stream->flags & SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD))) {
        SP2__LOG(&stream->logger, SP2__MESSAGE_MEMORY, SP2_LOG_WARNING,
                 "incomplete heap %" PRIu64 " comes without its ranges: there is no memory for "
                 "them",
                 heap->cnt);
    }
    if (SP2__LIKELY(heap->flags & SP2_HEAP_CONTIGUOUS) ||
        stream->flags & SP2_RECEIVE_DELIVER_INCOMPLETE) {
        sp2__stream_deliver(stream, heap);
        return;
    }
    stream->stats.incomplete_heaps_dropped++;
    SP2__LOG(&stream->logger, SP2__MESSAGE_INCOMPLETE_HEAP, SP2_LOG_WARNING,
             "dropped incomplete heap %" PRIu64 " (%" PRIu64 " of %" PRId64
             " bytes of payload received)",
             heap->cnt, heap->received_length, shown_length(heap->heap_length));
    sp2__heap_free(heap);
}

SP2__COLD void sp2__stream_say_needed(sp2_receive_stream *stream, const char *until) {
    const uint64_t needed = stream->assembler.needed;
    stream->stats.max_heaps_needed = needed;
    if (needed <= stream->assembler.max_heaps || needed == stream->needed_said) {
        return;
    }
    stream->needed_said = needed;
    SP2__LOG(&stream->logger, SP2__MESSAGE_MAX_HEAPS, SP2_LOG_WARNING,
             "heaps are evicted although more of them comes, and are lost: more are under way than "
             "max_heaps, which is %" PRIu64 "; %" PRIu64 " would have sufficed%s",
             stream->assembler.max_heaps, needed, until);
}

/* What max_heaps would have sufficed is said each time that it has doubled, and at the end. */
static SP2__COLD void evict(sp2_receive_stream *stream, sp2_heap *heap) {
    sp2__evicted_keep(&stream->assembler.evicted, heap,
                      sp2__assembler_starts(&stream->assembler, heap->cnt));
    stream->stats.incomplete_heaps_evicted++;
    stream->stats.max_heaps_needed = stream->assembler.needed;
    if (stream->assembler.needed >= 2 * stream->needed_said) {
        sp2__stream_say_needed(stream, " so far");
    }
    leave_assembly(stream, heap, true);
}

static void evict_kept(sp2_receive_stream *stream, sp2_heap *heap) {
    sp2__assembler_remove(&stream->assembler, heap);
    evict(stream, heap);
}

/* A heap is pushed out. Where a port is shared, more of it may wait in another socket. */
static SP2__COLD void push_out(sp2_receive_stream *stream, sp2_heap *heap) {
    sp2__assembler *assembler = &stream->assembler;
    sp2__steered *steered = stream->steered;
    if (steered == NULL) {
        evict(stream, heap);
        return;
    }
    steered->keeps = true;
    sp2__assembler_keep(assembler, heap, steered, steered->rounds + 1);
    while (assembler->kept_count > SP2__MOST_KEPT_HEAPS ||
           (assembler->kept_bytes > SP2__MOST_KEPT_BYTES && assembler->kept_count > 1)) {
        evict_kept(stream, assembler->kept_first);
    }
}

/* What newer ones were when the heap was pushed out may have been older ones that came late. Now
 * that all of these have been taken, as many as ever push a heap out have to start once more. */
static void keep_again(sp2_receive_stream *stream, sp2_heap *heap) {
    const uint32_t starts = sp2__assembler_starts(&stream->assembler, heap->cnt) +
                            (uint32_t)stream->assembler.max_heaps;
    heap->kept_starts = starts != 0 ? starts : 1;
    heap->kept_until = 0;
}

void sp2__stream_end_round(sp2_receive_stream *stream, const sp2__steered *keeper) {
    sp2_heap *heap = stream->assembler.kept_first;
    while (heap != NULL) {
        sp2_heap *next = heap->kept_after;
        if (heap->keeper == keeper && heap->kept_until != 0 && heap->kept_until <= keeper->rounds) {
            if (heap->kept_starts != 0) {
                evict_kept(stream, heap);
            } else {
                keep_again(stream, heap);
            }
        }
        heap = next;
    }
}

bool sp2__stream_needs_round(sp2_receive_stream *stream, sp2__steered *keeper) {
    keeper->keeps = false;
    for (sp2_heap *heap = stream->assembler.kept_first; heap != NULL; heap = heap->kept_after) {
        if (heap->keeper != keeper) {
            continue;
        }
        keeper->keeps = true;
        const uint32_t starts = sp2__assembler_starts(&stream->assembler, heap->cnt);
        if (heap->kept_until == 0 && (int32_t)(starts - heap->kept_starts) >= 0) {
            heap->kept_until = keeper->rounds + 1;
        }
        /* Those behind it were pushed out later. */
        return heap->kept_until != 0;
    }
    return false;
}

static SP2__COLD void reject(sp2_receive_stream *stream, const sp2__packet *packet,
                             uint64_t *counter, sp2__message kind, int32_t level,
                             const char *reason) {
    ++*counter;
    SP2__LOG(&stream->logger, kind, level,
             "packet of heap %" PRIu64 " (payload offset %" PRIu64 ", %" PRIu64
             " bytes, heap length %" PRId64 ") not used: %s",
             packet->cnt, packet->payload_offset, packet->payload_length,
             shown_length(packet->heap_length), reason);
}

static SP2__COLD void explain(sp2_receive_stream *stream, const sp2__packet *packet,
                              const sp2__assembly *result) {
    sp2_receive_stats *stats = &stream->stats;
    switch (result->verdict) {
    case SP2__ACCEPTED:
        break;
    case SP2__REJECTED_UNSIZED:
        reject(stream, packet, &stats->rejected_unsized, SP2__MESSAGE_REJECTED, SP2_LOG_INFO,
               "it has no HEAP_LENGTH, and the stream does not allow that");
        break;
    case SP2__REJECTED_LENGTH:
        reject(stream, packet, &stats->rejected_length, SP2__MESSAGE_REJECTED, SP2_LOG_INFO,
               "its HEAP_LENGTH contradicts earlier packets of the heap");
        break;
    case SP2__REJECTED_FLAVOUR:
        reject(stream, packet, &stats->rejected_flavour, SP2__MESSAGE_REJECTED, SP2_LOG_INFO,
               "its flavour is not that of the heap's first packet");
        break;
    case SP2__REJECTED_BEHIND:
        reject(stream, packet, &stats->rejected_order, SP2__MESSAGE_ORDER, SP2_LOG_WARNING,
               "it comes after packets that should follow it; a stream without in-order mode "
               "would use it");
        break;
    case SP2__REJECTED_AHEAD:
        reject(stream, packet, &stats->rejected_order, SP2__MESSAGE_ORDER, SP2_LOG_DEBUG,
               "packets before it are missing");
        break;
    case SP2__REJECTED_DUPLICATE:
        reject(stream, packet, &stats->rejected_duplicate, SP2__MESSAGE_DUPLICATE, SP2_LOG_DEBUG,
               "its payload was received before");
        break;
    case SP2__REJECTED_OVERLAP:
        reject(stream, packet, &stats->rejected_overlap, SP2__MESSAGE_REJECTED, SP2_LOG_WARNING,
               "a part of its payload was received before");
        break;
    case SP2__TOO_LARGE:
        reject(stream, packet, &stats->too_large, SP2__MESSAGE_TOO_LARGE, SP2_LOG_WARNING,
               "the heap is larger than max_heap_size, or has too many parts");
        break;
    case SP2__GAP_TOO_LARGE:
        reject(stream, packet, &stats->too_large, SP2__MESSAGE_TOO_LARGE, SP2_LOG_WARNING,
               "it has no HEAP_LENGTH, and lies more than max_unsized_gap behind what has arrived");
        break;
    case SP2__NO_MEMORY:
        reject(stream, packet, &stats->allocation_failed, SP2__MESSAGE_MEMORY, SP2_LOG_WARNING,
               "there is no memory for it");
        break;
    case SP2__NO_CHUNK:
        break; /* it is handed over again */
    }
}

/* A heap that is complete: the consumer's, or the sign to stop. */
static void complete(sp2_receive_stream *stream, sp2_heap *heap, bool stop) {
    if (SP2__UNLIKELY(stop)) {
        stream->stats.stop_heaps++;
        sp2__copier_fence(&stream->assembler.copier);
        sp2__heap_free(heap);
    } else {
        leave_assembly(stream, heap, false);
    }
}

static SP2__COLD sp2_packet_source *find_source(const sp2_receive_stream *stream, uint32_t number) {
    sp2_packet_source *source = stream->sources;
    while (source != NULL && source->number != number) {
        source = source->next;
    }
    return source;
}

/*
 * Whether a packet may push out a heap, if that is what it would do; there is more than one source.
 * A heap that another source feeds is passed over as long as another slot can be had, for its rest
 * may wait in that source's socket, or not be sent yet. Without such a slot the source yields to
 * the feeder. And before a source pushes out a heap of its own in a slice in which it has started
 * as many heaps as there are slots, the others get their turn.
 */
static sp2__answer may_push_out(sp2_receive_stream *stream, const sp2__packet *packet) {
    sp2__assembler *assembler = &stream->assembler;
    const uint64_t slots = assembler->max_heaps;
    for (uint64_t i = 0; i < slots && i < SP2__MOST_PASSES_OF_A_PACKET; i++) {
        sp2_heap *heap = sp2__assembler_next_evicted(assembler, packet);
        if (SP2__LIKELY(heap == NULL)) {
            return SP2__MORE;
        }
        if (heap->fed_by == stream->reading->number) {
            return stream->heaps_started >= slots * assembler->substreams ? SP2__YIELD : SP2__MORE;
        }
        if (heap->passes == SP2__MOST_PASSES) {
            break;
        }
        heap->passes++;
        sp2__assembler_pass_over(assembler, heap);
    }
    sp2_heap *heap = sp2__assembler_next_evicted(assembler, packet);
    sp2_packet_source *feeder = find_source(stream, heap->fed_by);
    return feeder != NULL && sp2__flow_must_yield(&stream->flow, stream->reading, feeder, heap)
               ? SP2__PARKED
               : SP2__MORE;
}

/* A packet has come of a live heap, whether it became part of that or not. */
SP2__INLINE void note_sender(const sp2_receive_stream *stream, sp2_heap *heap) {
    const uint64_t sender = stream->assembler.sender;
    if (SP2__UNLIKELY(sender != 0) && heap->sender != sender && heap->sender != 0) {
        heap->flags |= SP2_HEAP_MIXED;
    }
}

/* Whether a packet is a heap of its own that nothing but its place in a chunk need be known of:
 * none of its items says anything about the heap. */
static bool is_plain_heap(const sp2_receive_stream *stream, const sp2__packet *packet) {
    const sp2__assembler *assembler = &stream->assembler;
    if (packet->heap_length != packet->payload_length || packet->payload_length == 0 ||
        packet->heap_length > assembler->rules.max_heap_size || stream->accounting.is_on ||
        assembler->copier.function != NULL || assembler->evicted.heaps != NULL) {
        return false;
    }
    for (uint32_t i = 0; i < packet->item_count; i++) {
        const uint64_t pointer = sp2__load_be64(packet->items + (size_t)i * SP2__POINTER_SIZE);
        if (pointer & SP2__IMMEDIATE_BIT
                ? sp2__pointer_id(pointer, packet->address_bits) == SP2__ID_STREAM_CTRL
                : sp2__pointer_value(pointer, packet->address_bits) > packet->heap_length) {
            return false;
        }
    }
    return true;
}

/* A packet waits: for a chunk, or until it may move the window. */
static SP2__COLD sp2__answer hold_back(sp2_receive_stream *stream) {
    if (stream->steered != NULL && stream->steered->wants) {
        return SP2__PARKED;
    }
    sp2__flow_block(&stream->flow);
    return SP2__YIELD;
}

/* Copies such a heap into its chunk: it leaves the assembly before it has been in it. */
static sp2__answer add_plain_heap(sp2_receive_stream *stream, const sp2__packet *packet) {
    sp2_receive_stats *stats = &stream->stats;
    sp2__heap_place at;
    if (sp2__chunk_sink_find(&stream->chunk_sink, packet, &at) == SP2__NO_CHUNK) {
        return hold_back(stream);
    }
    if (SP2__LIKELY(at.payload != NULL)) {
        sp2__copier_copy(&stream->assembler.copier, at.nontemporal, at.payload, packet->payload,
                         packet->payload_length);
        sp2__note_present(at.present);
    }
    stats->packets++;
    stats->packets_accepted++;
    stats->single_packet_heaps++;
    stats->heaps++;
    stats->payload_bytes += packet->payload_length;
    stats->max_heap_bytes = sp2__max_u64(stats->max_heap_bytes, packet->payload_length);
    stream->heaps_started++;
    sp2_heap *evicted = sp2__assembler_pass_through(&stream->assembler, packet->cnt);
    if (SP2__UNLIKELY(evicted != NULL)) {
        push_out(stream, evicted);
    }
    return answer_of(stream);
}

/* What was sent before a stop item may wait in another socket of the port. */
static SP2__COLD void end_by_item(sp2_receive_stream *stream) {
    if (stream->steered != NULL) {
        sp2__steered_end(stream->steered);
    } else {
        stream->ending = true;
    }
}

/* Any packet but those that take_next takes. */
static sp2__answer add_other_packet(sp2_receive_stream *stream, const sp2__packet *packet) {
    sp2_receive_stats *stats = &stream->stats;
    sp2__assembly result;
    if (SP2__UNLIKELY(stream->reading != NULL)) {
        const sp2__answer answer = may_push_out(stream, packet);
        if (answer != SP2__MORE) {
            return answer;
        }
    }
    if (SP2__UNLIKELY(stream->sink == &stream->chunk_sink.base) && is_plain_heap(stream, packet)) {
        return add_plain_heap(stream, packet);
    }
    sp2__assembler_add(&stream->assembler, packet, &result);
    if (SP2__UNLIKELY(result.verdict == SP2__NO_CHUNK)) {
        return hold_back(stream);
    }
    stats->packets++;
    stats->search_dist += result.search_steps;
    if (packet->heap_length == packet->payload_length) {
        stats->single_packet_heaps++;
    }
    if (SP2__UNLIKELY(result.verdict != SP2__ACCEPTED)) {
        explain(stream, packet, &result);
        if (result.heap != NULL) {
            note_sender(stream, result.heap);
        }
        return SP2__MORE;
    }
    stats->packets_accepted++;
    stats->payload_bytes += packet->payload_length;
    result.heap->fed_by = stream->reading_number;
    note_sender(stream, result.heap);
    stream->heaps_started += result.started;
    if (SP2__UNLIKELY(stream->chunk_sink.packet_size != 0)) {
        sp2__chunk_sink_note_packet(&stream->chunk_sink, result.heap, packet->payload_offset,
                                    packet->payload_length);
    }
    if (SP2__UNLIKELY(stream->accounting.is_on) && result.started && !stream->accounting.by_item) {
        const bool shares =
            stream->dialect != NULL && stream->dialect->flags & SP2_DIALECT_DATAGRAM_IS_HEAP;
        sp2__accounting_take(&stream->accounting, result.heap, shares);
    }
    if (SP2__UNLIKELY(stream->assembler.evicted.due.bytes != 0)) {
        take_due(stream);
    }
    const bool stop = result.stop && stream->stop_on_stop_item;
    if (SP2__UNLIKELY(stop)) {
        end_by_item(stream);
    }
    if (SP2__UNLIKELY(result.evicted != NULL)) {
        push_out(stream, result.evicted);
    }
    if (result.complete != NULL) {
        complete(stream, result.complete, stop);
    }
    return answer_of(stream);
}

/* The live heap that bytes may be the next packet of. What is not a packet finds none, or one that
 * it is no next packet of; and there is none for a user's copy function, which wants to be told
 * what packet it is, and where every packet must be decoded. */
static sp2_heap *find_heap_of(sp2__assembler *assembler, const uint8_t *bytes) {
    if (SP2__UNLIKELY(assembler->copier.function != NULL || assembler->decodes_all)) {
        return NULL;
    }
    const unsigned address_bits = (bytes[3] * 8u) % 64;
    const uint64_t cnt = sp2__pointer_value(sp2__load_be64(bytes + 8), address_bits);
    uint64_t steps;
    sp2_heap *heap = sp2__assembler_find(assembler, cnt, &steps);
    assembler->recent = heap;
    assembler->recent_steps = steps;
    return heap;
}

/*
 * Takes the packet at the start of the bytes if it is the next one of a live heap, in order, and
 * brings nothing new but payload, whose length is returned, and in *prefix what precedes it. Else
 * SP2__LENGTH_UNKNOWN. `exact`: no other bytes may follow it.
 *
 * Most packets belong to the heap of the packet before. That heap is tried without a search, so
 * that where to copy does not depend on bytes that may not have come from memory yet.
 */
SP2__INLINE uint64_t take_next(sp2_receive_stream *stream, const uint8_t *bytes, uint64_t available,
                               bool exact, uint64_t *prefix, sp2__answer *answer) {
    if (SP2__UNLIKELY(available < SP2__LEAST_PREFIX)) {
        return SP2__LENGTH_UNKNOWN;
    }
    sp2__copier *copier = &stream->assembler.copier;
    sp2_heap *heap = stream->assembler.recent;
    uint64_t length = SP2__LENGTH_UNKNOWN;
    if (SP2__LIKELY(heap != NULL)) {
        length = sp2__heap_take_next(heap, bytes, available, exact, copier);
    }
    if (SP2__UNLIKELY(length == SP2__LENGTH_UNKNOWN)) {
        heap = find_heap_of(&stream->assembler, bytes);
        if (heap == NULL) {
            return SP2__LENGTH_UNKNOWN;
        }
        length = sp2__heap_take_next(heap, bytes, available, exact, copier);
        if (length == SP2__LENGTH_UNKNOWN) {
            return SP2__LENGTH_UNKNOWN;
        }
    }
    sp2_receive_stats *stats = &stream->stats;
    *prefix = heap->next_packet.prefix;
    heap->fed_by = stream->reading_number;
    note_sender(stream, heap);
    if (SP2__UNLIKELY(stream->chunk_sink.packet_size != 0)) {
        sp2__chunk_sink_note_packet(&stream->chunk_sink, heap, heap->received_length - length,
                                    length);
    }
    stats->packets++;
    stats->packets_accepted++;
    stats->search_dist += stream->assembler.recent_steps;
    stats->payload_bytes += length;
    *answer = SP2__MORE;
    if (sp2__heap_is_complete(heap)) {
        sp2__assembler_remove(&stream->assembler, heap);
        leave_assembly(stream, heap, false);
        *answer = answer_of(stream);
    } else {
        sp2__heap_note_length(heap, length);
    }
    return length;
}

/* The same of a source that shares its port: the packet may belong to another one. */
static SP2__COLD sp2__answer add_steered_packet(sp2_receive_stream *stream,
                                                const sp2__packet *packet) {
    sp2__steered *steered = stream->steered;
    if (!sp2__steered_owns(steered, packet->cnt)) {
        const sp2__assembler *assembler = &stream->assembler;
        return sp2__steered_hand_over(steered, packet->cnt, packet->start, packet->size,
                                      assembler->sender != 0 ? &assembler->sender_address : NULL);
    }
    return add_other_packet(stream, packet);
}

/* Decodes a packet of the source that hands packets over. */
static sp2__packet_fault decode(const sp2_receive_stream *stream, const uint8_t *bytes,
                                uint64_t length, sp2__packet *packet) {
    return SP2__UNLIKELY(stream->dialect != NULL)
               ? sp2__packet_decode_dialect(bytes, length, stream->dialect, packet)
               : sp2__packet_decode(bytes, length, packet);
}

sp2__packet_fault sp2__stream_add_packet(sp2_receive_stream *stream, const uint8_t *bytes,
                                         uint64_t available, uint64_t *size, sp2__answer *answer) {
    uint64_t prefix;
    const uint64_t length = take_next(stream, bytes, available, false, &prefix, answer);
    if (SP2__LIKELY(length != SP2__LENGTH_UNKNOWN)) {
        *size = prefix + length;
        return SP2__PACKET_OK;
    }
    sp2__packet packet;
    const sp2__packet_fault fault = decode(stream, bytes, available, &packet);
    if (fault == SP2__PACKET_OK) {
        *answer = add_other_packet(stream, &packet);
        *size = sp2__answer_used(*answer) ? packet.size : 0;
    }
    return fault;
}

/* Keeps a refused datagram, if it is the first of its cause. */
static SP2__COLD void keep_refused(sp2_receive_stream *stream, uint32_t cause, const uint8_t *bytes,
                                   uint64_t length) {
    if (!sp2__refused_wanted(&stream->refused, cause)) {
        return;
    }
    sp2_packet_source *source = stream->handing;
    sp2__address sender = {0};
    if (source != NULL && source->ops->tell_sender != NULL) {
        source->ops->tell_sender(source, &sender);
    }
    sp2__mutex_lock(&stream->stats_lock);
    sp2__refused_keep(&stream->refused, cause, bytes, length, &sender);
    sp2__mutex_unlock(&stream->stats_lock);
}

/* What messages call what is being handed over. */
static SP2__COLD const char *piece_of(const sp2_receive_stream *stream) {
    const sp2_packet_source *source = stream->handing;
    return source != NULL && source->ops->piece != NULL ? source->ops->piece : "datagram";
}

/* Looks which dialect takes a refused datagram, among the first ones of a source. */
static SP2__COLD void suggest_dialect(sp2_receive_stream *stream, const uint8_t *bytes,
                                      uint64_t length, bool whole) {
    sp2_packet_source *source = stream->handing;
    if (source == NULL || source->ops->piece != NULL || source->refused == MOST_SUGGESTIONS ||
        atomic_load_explicit(&source->suggested, memory_order_relaxed) != NULL) {
        return;
    }
    source->refused++;
    const char *name = sp2__dialect_suggest(bytes, length, whole);
    if (name != NULL) {
        atomic_store_explicit(&source->suggested, name, memory_order_relaxed);
        SP2__LOG(&stream->logger, SP2__MESSAGE_DATAGRAM, SP2_LOG_INFO,
                 "a datagram of %" PRIu64 " bytes was not used that a source with the dialect %s "
                 "takes",
                 length, name);
    }
}

static SP2__COLD void count_fault(sp2_receive_stats *stats, sp2__packet_fault fault) {
    uint64_t *const counters[] = {
        [SP2__PACKET_TOO_SMALL] = &stats->malformed_size,
        [SP2__PACKET_MAGIC] = &stats->malformed_magic,
        [SP2__PACKET_FLAVOUR] = &stats->malformed_flavour,
        [SP2__PACKET_WIDTHS] = &stats->malformed_widths,
        [SP2__PACKET_ITEM_TABLE] = &stats->malformed_item_table,
        [SP2__PACKET_ITEM_MISSING] = &stats->malformed_item_missing,
        [SP2__PACKET_PAYLOAD] = &stats->malformed_payload,
        [SP2__PACKET_BEYOND_HEAP] = &stats->malformed_beyond_heap,
    };
    stats->malformed++;
    ++*counters[fault];
}

static SP2__COLD void count_malformed(sp2_receive_stream *stream, const uint8_t *bytes,
                                      uint64_t length, sp2__packet_fault fault) {
    suggest_dialect(stream, bytes, length, true);
    count_fault(&stream->stats, fault);
    keep_refused(stream, fault, bytes, length);
    SP2__LOG(&stream->logger, SP2__MESSAGE_PACKET, SP2_LOG_INFO,
             "%s of %" PRIu64 " bytes is not a SPEAD packet: %s", piece_of(stream), length,
             sp2__packet_fault_text(fault));
}

/* Any datagram but the next packet of a live heap. */
static sp2__answer add_other_datagram(sp2_receive_stream *stream, const uint8_t *bytes,
                                      uint64_t length) {
    if (length == 0) {
        stream->stats.empty++;
        return SP2__MORE;
    }
    sp2__packet packet;
    const sp2__packet_fault fault = decode(stream, bytes, length, &packet);
    if (SP2__UNLIKELY(fault != SP2__PACKET_OK)) {
        count_malformed(stream, bytes, length, fault);
        return SP2__MORE;
    }
    if (SP2__UNLIKELY(packet.size != length)) {
        stream->stats.size_mismatch++;
        suggest_dialect(stream, bytes, length, true);
        keep_refused(stream, SP2_REFUSED_SIZE_MISMATCH, bytes, length);
        SP2__LOG(&stream->logger, SP2__MESSAGE_DATAGRAM, SP2_LOG_INFO,
                 "%s of %" PRIu64 " bytes not used: the packet in it has %" PRIu64 " bytes",
                 piece_of(stream), length, packet.size);
        return SP2__MORE;
    }
    return SP2__UNLIKELY(stream->steered != NULL) ? add_steered_packet(stream, &packet)
                                                  : add_other_packet(stream, &packet);
}

sp2__answer sp2__stream_add_datagram(sp2_receive_stream *stream, const uint8_t *bytes,
                                     uint64_t length) {
    sp2__answer answer;
    uint64_t prefix;
    const uint64_t taken = take_next(stream, bytes, length, true, &prefix, &answer);
    return SP2__LIKELY(taken != SP2__LENGTH_UNKNOWN) ? answer
                                                     : add_other_datagram(stream, bytes, length);
}

void sp2__stream_add_truncated(sp2_receive_stream *stream, const uint8_t *bytes, uint64_t length,
                               uint64_t max_size) {
    stream->stats.truncated++;
    keep_refused(stream, SP2_REFUSED_TRUNCATED, bytes, length);
    SP2__LOG(&stream->logger, SP2__MESSAGE_DATAGRAM, SP2_LOG_INFO,
             "%s not used: it is larger than max_size, which is %" PRIu64 " bytes",
             piece_of(stream), max_size);
}

void sp2__stream_add_malformed(sp2_receive_stream *stream, const uint8_t *bytes, uint64_t length,
                               sp2__packet_fault fault, uint64_t position) {
    count_fault(&stream->stats, fault);
    suggest_dialect(stream, bytes, length, false);
    keep_refused(stream, fault, bytes, length);
    SP2__LOG(&stream->logger, SP2__MESSAGE_PACKET, SP2_LOG_INFO,
             "what stands at byte %" PRIu64 " of the buffer is not a SPEAD packet, so reading ends "
             "there: %s",
             position, sp2__packet_fault_text(fault));
}

void sp2__stream_add_lost(sp2_receive_stream *stream, const uint8_t *bytes, uint64_t length,
                          sp2__packet_fault fault, uint64_t position) {
    count_fault(&stream->stats, fault);
    keep_refused(stream, fault, bytes, length);
    SP2__LOG(&stream->logger, SP2__MESSAGE_PACKET, SP2_LOG_INFO,
             "what stands at byte %" PRIu64
             " of the connection is not a SPEAD packet, so the next one is looked for: %s",
             position, sp2__packet_fault_text(fault));
}

void sp2__stream_count_batches(sp2_receive_stream *stream, uint64_t batches, uint64_t packets) {
    stream->stats.batches += batches;
    stream->stats.max_batch = sp2__max_u64(stream->stats.max_batch, packets);
}

void sp2__stream_end_source(sp2_receive_stream *stream) {
    stream->ending = true;
}

void sp2__stream_deliver(sp2_receive_stream *stream, sp2_heap *heap) {
    if (SP2__UNLIKELY(!stream->sink->ops->deliver(stream->sink, heap))) {
        sp2__flow_block(&stream->flow);
    }
}

void sp2__stream_settle(sp2_receive_stream *stream) {
    if (stream->sink->ops->settle(stream->sink)) {
        if (SP2__UNLIKELY(stream->pause.began_ns != 0)) {
            sp2__pause_end(stream);
        }
        sp2__flow_resume(&stream->flow);
    }
}

void sp2__stream_end_sink(sp2_receive_stream *stream) {
    stream->sink->ops->end(stream->sink);
    sp2__stream_settle(stream);
}

void sp2__stream_unlock(sp2_receive_stream *stream) {
    sp2__sink *sink = stream->sink;
    const bool news = sink->ops->publish(sink);
    sp2__mutex_unlock(&stream->lock);
    if (news) {
        sink->ops->announce(sink);
    }
}

/* The network's stop (spec section 4.7): whatever is still live goes to the consumer. */
static SP2__COLD void stop_gracefully(sp2_receive_stream *stream) {
    sp2__flush_cursor cursor = {0, 0};
    sp2_heap *heap;
    while ((heap = sp2__assembler_flush(&stream->assembler, &cursor)) != NULL) {
        stream->stats.incomplete_heaps_flushed++;
        leave_assembly(stream, heap, false);
    }
    sp2__stream_count_evicted(stream);
    sp2__accounting_settle(&stream->accounting);
    sp2__stream_say_needed(stream, "");
    sp2__pause_finish(stream);
    sp2__stream_end_seconds(stream);
    sp2__stream_publish(stream);
    sp2__stream_end_sink(stream);
}

static void leave(sp2_receive_stream *stream, bool publishes) {
    if (SP2__UNLIKELY(stream->ending) && sp2__flow_close(&stream->flow)) {
        stop_gracefully(stream);
    } else if (publishes) {
        sp2__stream_publish(stream);
    }
    sp2__stream_unlock(stream);
}

void sp2__stream_leave(sp2_receive_stream *stream) {
    leave(stream, true);
}

void sp2__source_leave(sp2_packet_source *source) {
    sp2_receive_stream *stream = source->stream;
    const sp2_receive_stats *now = &stream->stats;
    source->stats.packets += now->packets;
    source->stats.malformed += now->malformed;
    source->stats.size_mismatch += now->size_mismatch;
    source->stats.truncated += now->truncated;
    source->stats.empty += now->empty;
    stream->reading = NULL;
    if (SP2__UNLIKELY(stream->ending)) {
        /* What has been counted is to be seen before the end of the stream is. */
        sp2__source_publish(source);
    }
    leave(stream, sp2__flow_state_of(&stream->flow) != SP2__FLOW_BLOCKED);
}
