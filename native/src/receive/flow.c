/* SPDX-License-Identifier: MIT */
#include "receive/flow.h"

#include "heap/heap.h"
#include "receive/source.h"

void sp2__flow_init(sp2__flow *flow, bool started) {
    *flow = (sp2__flow){.state = started ? SP2__FLOW_RUNNING : SP2__FLOW_UNSTARTED};
}

static void set_state(sp2__flow *flow, sp2__flow_state state) {
    atomic_store_explicit(&flow->state, state, memory_order_release);
}

static void post(sp2_packet_source *source) {
    sp2__event_loop_post(source->loop, &source->task);
}

static void push(sp2_packet_source **list, sp2_packet_source *source) {
    source->is_parked = true;
    source->next_parked = *list;
    *list = source;
}

static bool remove(sp2_packet_source **list, sp2_packet_source *source) {
    while (*list != NULL && *list != source) {
        list = &(*list)->next_parked;
    }
    if (*list == NULL) {
        return false;
    }
    *list = source->next_parked;
    source->is_parked = false;
    return true;
}

static void post_all(sp2_packet_source **list) {
    while (*list != NULL) {
        sp2_packet_source *source = *list;
        *list = source->next_parked;
        source->is_parked = false;
        post(source);
    }
}

/* Sources that wait for this one look again. */
static void post_yielding(sp2__flow *flow, const sp2_packet_source *feeder) {
    sp2_packet_source **link = &flow->yielding;
    while (*link != NULL) {
        sp2_packet_source *source = *link;
        if (source->yields_to == feeder->number) {
            *link = source->next_parked;
            source->is_parked = false;
            atomic_fetch_sub_explicit(&flow->yielding_count, 1, memory_order_relaxed);
            post(source);
        } else {
            link = &source->next_parked;
        }
    }
}

void sp2__flow_start(sp2__flow *flow) {
    if (sp2__flow_state_of(flow) == SP2__FLOW_UNSTARTED) {
        set_state(flow, SP2__FLOW_RUNNING);
        post_all(&flow->parked);
    }
}

void sp2__flow_block(sp2__flow *flow) {
    if (sp2__flow_state_of(flow) == SP2__FLOW_RUNNING) {
        set_state(flow, SP2__FLOW_BLOCKED);
    }
}

void sp2__flow_resume(sp2__flow *flow) {
    if (sp2__flow_state_of(flow) == SP2__FLOW_BLOCKED) {
        set_state(flow, SP2__FLOW_RUNNING);
        post_all(&flow->parked);
    }
}

void sp2__flow_look(sp2__flow *flow) {
    for (sp2_packet_source *source = flow->parked; source != NULL; source = source->next_parked) {
        post(source);
    }
}

bool sp2__flow_close(sp2__flow *flow) {
    const bool was_open = !sp2__flow_is_closed(flow);
    set_state(flow, SP2__FLOW_CLOSED);
    return was_open;
}

bool sp2__flow_park(sp2__flow *flow, sp2_packet_source *source) {
    if (!source->is_parked && sp2__flow_answer(flow) == SP2__BLOCKED) {
        push(&flow->parked, source);
    }
    return source->is_parked;
}

/* Whether the feeder has not had its slice since the heap was last about to be pushed out, or has
 * made use of it. */
static bool is_worth_waiting_for(const sp2_packet_source *feeder, const sp2_heap *heap) {
    return feeder->yields_served < heap->yield_number ||
           (heap->received_length != heap->yield_length && heap->yields < SP2__MOST_YIELDS);
}

bool sp2__flow_must_yield(sp2__flow *flow, sp2_packet_source *source, sp2_packet_source *feeder,
                          sp2_heap *heap) {
    if (heap->yields != 0 && !is_worth_waiting_for(feeder, heap)) {
        return false;
    }
    if (feeder->yields_served >= heap->yield_number) {
        heap->yields++;
        heap->yield_length = heap->received_length;
        heap->yield_number = atomic_fetch_add(&flow->yields, 1) + 1;
    }
    if (!source->is_parked) {
        push(&flow->yielding, source);
        source->stats.yields++;
        atomic_fetch_add_explicit(&flow->yielding_count, 1, memory_order_relaxed);
    }
    source->yields_to = feeder->number;
    post(feeder);
    return true;
}

void sp2__flow_slice_done(sp2__flow *flow, sp2_packet_source *source, uint64_t yields_before) {
    source->yields_served = yields_before;
    post_yielding(flow, source);
}

void sp2__flow_forget(sp2__flow *flow, sp2_packet_source *source) {
    if (source->is_parked && !remove(&flow->parked, source)) {
        remove(&flow->yielding, source);
        atomic_fetch_sub_explicit(&flow->yielding_count, 1, memory_order_relaxed);
    }
    post_yielding(flow, source);
}
