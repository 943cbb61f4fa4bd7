/* SPDX-License-Identifier: MIT */
#include "receive/flow.h"

#include "receive/source.h"

void sp2__flow_init(sp2__flow *flow, bool started) {
    atomic_init(&flow->state, started ? SP2__FLOW_RUNNING : SP2__FLOW_UNSTARTED);
    flow->parked = NULL;
}

static void set_state(sp2__flow *flow, sp2__flow_state state) {
    atomic_store_explicit(&flow->state, state, memory_order_release);
}

static void post_parked(sp2__flow *flow) {
    while (flow->parked != NULL) {
        sp2_packet_source *source = flow->parked;
        flow->parked = source->next_parked;
        source->is_parked = false;
        sp2__event_loop_post(source->loop, &source->task);
    }
}

void sp2__flow_start(sp2__flow *flow) {
    if (sp2__flow_state_of(flow) == SP2__FLOW_UNSTARTED) {
        set_state(flow, SP2__FLOW_RUNNING);
        post_parked(flow);
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
        post_parked(flow);
    }
}

bool sp2__flow_close(sp2__flow *flow) {
    const bool was_open = !sp2__flow_is_closed(flow);
    set_state(flow, SP2__FLOW_CLOSED);
    return was_open;
}

bool sp2__flow_park(sp2__flow *flow, sp2_packet_source *source) {
    if (!source->is_parked && sp2__flow_answer(flow) == SP2__BLOCKED) {
        source->is_parked = true;
        source->next_parked = flow->parked;
        flow->parked = source;
    }
    return source->is_parked;
}

void sp2__flow_forget(sp2__flow *flow, sp2_packet_source *source) {
    if (source->is_parked) {
        sp2_packet_source **link = &flow->parked;
        while (*link != source) {
            link = &(*link)->next_parked;
        }
        *link = source->next_parked;
        source->is_parked = false;
    }
}
