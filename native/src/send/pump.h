/* SPDX-License-Identifier: MIT */
#ifndef SP2_SEND_PUMP_H
#define SP2_SEND_PUMP_H

#include "send/stream.h"

/* The task of a stream: cuts packets, hands them to the writers at the stream's rate, completes. */
void sp2__pump_run(sp2__task *task);

void sp2__pump_init_rate(sp2_send_stream *stream, const sp2_send_stream_options *options);

/* False if there is no memory; what there is belongs to sp2__batch_fini all the same. */
bool sp2__batch_init(sp2__batch *batch, uint32_t max_packet_size);
void sp2__batch_fini(sp2__batch *batch);

#endif
