/* SPDX-License-Identifier: MIT */
#include "receive/chunk_sink.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/sized.h"
#include "receive/stream.h"

static sp2__chunk_sink *from_base(sp2__sink *base) {
    return SP2__CONTAINER(base, sp2__chunk_sink, base);
}

static void forget_known(sp2__chunk_sink *sink) {
    memset(sink->known, 0, sizeof(sink->known));
}

static void lose_place_before(sp2_heap *heap, int64_t head) {
    if (heap != NULL && heap->present != NULL && heap->chunk_id < head) {
        sp2__heap_lose_place(heap);
    }
}

/* The head of a window has moved: nothing more is written to the chunks before it. */
static void see_head(sp2__chunk_sink *sink, int64_t head) {
    if (head == sink->head) {
        return;
    }
    sink->head = head;
    sp2__assembler *assembler = &sink->base.stream->assembler;
    const uint64_t slots = assembler->max_heaps * assembler->substreams;
    for (uint64_t i = 0; i < slots; i++) {
        lose_place_before(assembler->slots[i], head);
    }
    for (sp2_heap *heap = assembler->kept_first; heap != NULL; heap = heap->kept_after) {
        lose_place_before(heap, head);
    }
}

bool sp2__chunk_sink_begin_slice(sp2__chunk_sink *sink) {
    int64_t head;
    forget_known(sink);
    sink->packets = sink->base.stream->stats.packets;
    const bool goes_on = sp2__chunk_group_begin_slice(sink->member, &head);
    see_head(sink, head);
    return goes_on;
}

/* Asks the group for a chunk. */
static sp2__reach reach(sp2__chunk_sink *sink, int64_t id, bool first, sp2_chunk **chunk) {
    int64_t head;
    const sp2__reach answer = sp2__chunk_group_reach(sink->member, id, first, &head, chunk);
    if (head != sink->head) {
        forget_known(sink);
        see_head(sink, head);
    }
    return answer;
}

static sp2__reach find_chunk(sp2__chunk_sink *sink, int64_t id, sp2_chunk **chunk) {
    sp2_chunk **known = &sink->known[id % SP2__KNOWN_CHUNKS];
    *chunk = *known;
    if (SP2__LIKELY(*chunk != NULL && (*chunk)->id == id)) {
        return SP2__REACH_OK;
    }
    const sp2__reach answer = reach(sink, id, true, chunk);
    *known = *chunk;
    return answer;
}

/* ---- where a heap belongs ---- */

static void count_rejected(sp2_receive_stats *stats, sp2__spot_verdict verdict) {
    uint64_t *const counters[] = {
        [SP2__SPOT_BAD_LENGTH] = &stats->bad_length_heaps,
        [SP2__SPOT_MISSING_ITEM] = &stats->missing_item_heaps,
        [SP2__SPOT_BAD_TIMESTAMP] = &stats->bad_timestamp_heaps,
        [SP2__SPOT_OUT_OF_RANGE] = &stats->out_of_range_heaps,
    };
    if (verdict == SP2__SPOT_BEFORE_ORIGIN) {
        stats->too_old_heaps++;
    } else {
        stats->rejected_heaps++;
        ++*counters[verdict];
    }
}

/* The first heap that has the item of the first axis sets the origin. */
static uint64_t origin_of(sp2__chunk_sink *sink, uint64_t heap_length) {
    const sp2__chunk_layout *layout = &sink->layout;
    const bool fits = layout->heap_length == 0 || layout->heap_length == heap_length;
    if (SP2__UNLIKELY(sink->origin == SP2__NO_ORIGIN) && fits && sink->values[0] >= 0) {
        sink->origin = sp2__chunk_group_origin(
            sink->member, sp2__chunk_layout_origin(layout, (uint64_t)sink->values[0]));
    }
    return sink->origin;
}

/* False if it belongs nowhere, which then has been counted. */
static bool ask_layout(sp2__chunk_sink *sink, const sp2__packet *packet, sp2__chunk_spot *spot) {
    const sp2__chunk_layout *layout = &sink->layout;
    sp2__chunk_find_items(packet, layout->items, layout->axis_count, sink->values);
    const sp2__spot_verdict verdict = sp2__chunk_layout_find(
        layout, sink->values, packet->heap_length, origin_of(sink, packet->heap_length), spot);
    if (SP2__LIKELY(verdict == SP2__SPOT_FOUND)) {
        return true;
    }
    count_rejected(&sink->base.stream->stats, verdict);
    return false;
}

static bool ask_function(sp2__chunk_sink *sink, const sp2__packet *packet, sp2__chunk_spot *spot) {
    sp2_receive_stream *stream = sink->base.stream;
    sink->asked_source = 0; /* the extra data is overwritten */
    sp2__chunk_find_items(packet, sink->items, sink->item_count, sink->values);
    sp2_chunk_place place = {
        .packet = packet->start,
        .packet_size = packet->size,
        .items = sink->item_count != 0 ? sink->values : NULL,
        .chunk_id = -1,
        .batch_stats = stream->custom.batch,
        .extra = sink->extra,
    };
    sink->place(&place, sizeof(place), sink->place_context);
    *spot = (sp2__chunk_spot){place.chunk_id, place.heap_index, place.heap_offset,
                              place.extra_offset, place.extra_size};
    /* There is no identifier behind the largest one for the window to end at. */
    if (place.chunk_id >= 0 && place.chunk_id != INT64_MAX) {
        return true;
    }
    stream->stats.rejected_heaps++;
    return false;
}

/* Whether a part of so many entries or bytes from `start` on lies in `size` of them. */
static bool lies_in(uint64_t start, uint64_t count, uint64_t size) {
    return start <= size && count <= size - start;
}

static bool is_in_bounds(const sp2__chunk_sink *sink, const sp2__chunk_spot *spot,
                         const sp2_chunk *chunk, uint64_t heap_length) {
    const uint64_t entries = sink->packet_size != 0 ? (heap_length - 1) / sink->packet_size + 1 : 1;
    return lies_in(spot->heap_offset, heap_length, chunk->data.size) &&
           lies_in(spot->heap_index, entries, chunk->present.size) &&
           (spot->extra_size == 0 ||
            (spot->extra_size <= sink->max_heap_extra &&
             lies_in(spot->extra_offset, spot->extra_size, chunk->extra.size)));
}

/* What the packet that waited was told already is not asked again. */
static bool was_asked(sp2__chunk_sink *sink, const sp2__packet *packet, sp2__chunk_spot *spot) {
    if (SP2__LIKELY(sink->asked_source == 0) ||
        sink->asked_source != sink->base.stream->reading_number || sink->asked_cnt != packet->cnt) {
        return false;
    }
    *spot = sink->asked;
    sink->asked_source = 0;
    return true;
}

static void note_asked(sp2__chunk_sink *sink, const sp2__packet *packet,
                       const sp2__chunk_spot *spot) {
    sink->asked_source = sink->base.stream->reading_number;
    sink->asked_cnt = packet->cnt;
    sink->asked = *spot;
}

/* Whether the packet may move the stream's own window, if that is what it would do. */
static bool may_move(const sp2__chunk_sink *sink, const sp2__chunk_spot *spot) {
    sp2__steered *steered = sink->base.stream->steered;
    return SP2__LIKELY(steered == NULL) ||
           spot->chunk_id - sp2__chunk_group_window(sink->member) < sink->head ||
           sp2__steered_may_reach(steered, spot->chunk_id);
}

/* The packet has to wait for its chunk. */
static SP2__COLD sp2__verdict let_wait(sp2__chunk_sink *sink, const sp2__packet *packet,
                                       const sp2__chunk_spot *spot) {
    sp2_receive_stream *stream = sink->base.stream;
    sink->needed = spot->chunk_id;
    note_asked(sink, packet, spot);
    stream->stats.worker_blocked++;
    sp2__pause_begin(stream);
    return SP2__NO_CHUNK;
}

sp2__verdict sp2__chunk_sink_find(sp2__chunk_sink *sink, const sp2__packet *packet,
                                  sp2__heap_place *at) {
    sp2_receive_stream *stream = sink->base.stream;
    sp2__chunk_spot spot;
    sp2_chunk *chunk;
    *at = (sp2__heap_place){0};
    if (!was_asked(sink, packet, &spot) &&
        !(sink->place != NULL ? ask_function(sink, packet, &spot)
                              : ask_layout(sink, packet, &spot))) {
        return SP2__ACCEPTED;
    }
    if (SP2__UNLIKELY(!may_move(sink, &spot))) {
        note_asked(sink, packet, &spot);
        return SP2__NO_CHUNK;
    }
    switch (find_chunk(sink, spot.chunk_id, &chunk)) {
    case SP2__REACH_OK:
        break;
    case SP2__REACH_TOO_OLD:
        stream->stats.too_old_heaps++;
        return SP2__ACCEPTED;
    case SP2__REACH_WAIT:
        return let_wait(sink, packet, &spot);
    case SP2__REACH_ENDED:
        return SP2__ACCEPTED;
    }
    if (SP2__UNLIKELY(!is_in_bounds(sink, &spot, chunk, packet->heap_length))) {
        stream->stats.rejected_heaps++;
        stream->stats.out_of_bounds_heaps++;
        return SP2__ACCEPTED;
    }
    if (spot.extra_size != 0) {
        memcpy(chunk->extra.bytes + spot.extra_offset, sink->extra, (size_t)spot.extra_size);
    }
    at->chunk_id = spot.chunk_id;
    at->present = chunk->present.bytes + spot.heap_index;
    at->payload = chunk->data.bytes + spot.heap_offset;
    at->nontemporal = sp2__copier_chooses(&stream->assembler.copier, chunk->is_far);
    return SP2__ACCEPTED;
}

static sp2__verdict place(void *context, sp2_heap *heap, const sp2__packet *packet) {
    sp2__chunk_sink *sink = context;
    sp2__heap_place at;
    if (packet->heap_length == 0 ||
        (heap->stop_item_seen && sink->base.stream->stop_on_stop_item)) {
        return SP2__ACCEPTED;
    }
    const sp2__verdict verdict = sp2__chunk_sink_find(sink, packet, &at);
    heap->chunk_id = at.chunk_id;
    heap->present = at.present;
    heap->payload = at.payload;
    heap->nontemporal = at.nontemporal;
    return verdict;
}

/* ---- the sink ---- */

static bool deliver(sp2__sink *base, sp2_heap *heap) {
    sp2__chunk_sink *sink = from_base(base);
    if (heap->flags & SP2_HEAP_COMPLETE) {
        if (SP2__UNLIKELY(heap->has_lost_place)) {
            base->stream->stats.too_old_heaps++;
        } else if (heap->present != NULL && sink->packet_size == 0) {
            sp2__note_present(heap->present);
        }
    }
    sp2__assembler_recycle(&base->stream->assembler, heap);
    return true;
}

static bool settle(sp2__sink *base) {
    sp2__chunk_sink *sink = from_base(base);
    sp2_chunk *chunk;
    if (sink->needed >= 0 && reach(sink, sink->needed, false, &chunk) != SP2__REACH_WAIT) {
        sink->needed = -1;
    }
    return sink->needed < 0;
}

static uint64_t look_at(sp2__sink *base) {
    sp2__chunk_sink *sink = from_base(base);
    return sink->needed >= 0 ? sp2__chunk_group_look_at(sink->member) : 0;
}

static void end(sp2__sink *base) {
    sp2__chunk_sink *sink = from_base(base);
    sink->needed = -1;
    sp2__chunk_group_end_member(sink->member);
}

static bool publish(sp2__sink *base) {
    sp2__chunk_sink *sink = from_base(base);
    sp2_receive_stream *stream = base->stream;
    /* Chunks go to a consumer. */
    sp2__copier_fence(&stream->assembler.copier);
    const bool active = stream->stats.packets != sink->packets;
    sink->packets = stream->stats.packets;
    return sp2__chunk_group_end_slice(sink->member, active);
}

static void announce(sp2__sink *base) {
    sp2__chunk_group_announce(from_base(base)->member);
}

static void serve(sp2__sink *base) {
    sp2__chunk_group_serve(from_base(base)->member);
}

/* The ready callback may be the consumer; else there is nothing to wait for so soon. */
static bool wait_for_room(sp2__sink *base) {
    serve(base);
    return false;
}

static void free_parts(sp2__chunk_sink *sink) {
    sp2__chunk_layout_destroy(&sink->layout);
    sp2__free(sink->items);
    sp2__free(sink->values);
    sp2__free(sink->extra);
}

static void destroy(sp2__sink *base) {
    sp2__chunk_sink *sink = from_base(base);
    sp2__chunk_group_part(sink->member);
    free_parts(sink);
}

static void close_copy(sp2__sink *base) {
    (void)base; /* it has no descriptors */
}

static const sp2__sink_ops ops = {
    .deliver = deliver,
    .settle = settle,
    .look_at = look_at,
    .end = end,
    .publish = publish,
    .announce = announce,
    .serve = serve,
    .wait_for_room = wait_for_room,
    .destroy = destroy,
    .close_copy = close_copy,
};

/* ---- options ---- */

static int32_t check_at_most(const char *field, uint64_t value, uint64_t most) {
    return value <= most ? SP2_OK
                         : sp2__fail(SP2_E_ARG, 0,
                                     "sp2_chunk_options.%s is %" PRIu64 ", but at most %" PRIu64
                                     " is allowed",
                                     field, value, most);
}

static int32_t read_options(const sp2_chunk_options *caller, sp2_chunk_options *options) {
    const int32_t status =
        sp2__sized_read(caller, options, sizeof(*options), sizeof(*options), "sp2_chunk_options");
    if (status != SP2_OK) {
        return status;
    }
    if (options->flags != 0) {
        return sp2__fail(SP2_E_TOO_NEW, 0,
                         "sp2_chunk_options.flags has 0x%x, which this library does not know yet",
                         (unsigned)options->flags);
    }
    if (options->group == NULL) {
        return sp2__fail_null("sp2_receive_stream_create", "sp2_chunk_options.group");
    }
    if ((options->place == NULL) == (options->layout == NULL)) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_chunk_options must have either place or layout, not %s",
                         options->place == NULL ? "none of them" : "both");
    }
    if (options->items == NULL && options->item_count != 0) {
        return sp2__fail_null("sp2_receive_stream_create", "sp2_chunk_options.items");
    }
    const int32_t items_status =
        check_at_most("item_count", options->item_count, SP2_CHUNK_MAX_ITEMS);
    return items_status != SP2_OK
               ? items_status
               : check_at_most("max_heap_extra", options->max_heap_extra, SP2_CHUNK_MAX_HEAP_EXTRA);
}

static bool allocate_parts(sp2__chunk_sink *sink, const sp2_chunk_options *options) {
    const size_t count = (size_t)options->item_count;
    const size_t value_count = count > SP2_CHUNK_MAX_AXES ? count : SP2_CHUNK_MAX_AXES;
    sink->items = sp2__calloc_array(count, sizeof(*sink->items));
    sink->values = sp2__calloc_array(value_count, sizeof(*sink->values));
    if (sink->items == NULL || sink->values == NULL) {
        return false;
    }
    if (count != 0) {
        memcpy(sink->items, options->items, count * sizeof(*sink->items));
    }
    if (options->max_heap_extra != 0) {
        sink->extra = sp2__calloc_array(1, (size_t)options->max_heap_extra);
        return sink->extra != NULL;
    }
    return true;
}

int32_t sp2__chunk_sink_init(sp2__chunk_sink *sink, sp2_receive_stream *stream,
                             const sp2_chunk_options *caller) {
    sp2_chunk_options options;
    int32_t status = read_options(caller, &options);
    if (status == SP2_OK && options.layout != NULL) {
        status = sp2__chunk_layout_read(options.layout, &sink->layout);
    }
    if (status == SP2_OK && !allocate_parts(sink, &options)) {
        status = sp2__fail_memory("a stream of chunks");
    }
    if (status == SP2_OK) {
        status = sp2__chunk_group_join(options.group, stream, &options, &sink->member);
    }
    if (status != SP2_OK) {
        free_parts(sink);
        return status;
    }
    sink->base = (sp2__sink){&ops, stream};
    sink->place = options.place;
    sink->place_context = options.place_context;
    sink->item_count = options.item_count;
    sink->max_heap_extra = options.max_heap_extra;
    sink->packet_size = options.packet_presence_size;
    sink->needed = -1;
    sink->origin = sink->layout.has_origin ? sink->layout.axes[0].first : SP2__NO_ORIGIN;
    stream->assembler.allow_unsized = false;
    stream->assembler.rules.place = place;
    stream->assembler.rules.place_context = sink;
    return SP2_OK;
}
