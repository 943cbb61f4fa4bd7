/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_FAULT_TRIAL_H
#define SPEAD2CORE_TESTS_FAULT_TRIAL_H

#include "log_capture.h"
#include "receiver.h"

/* What a user of the library gets to see of a scenario in which something fails. */
typedef struct fault_trial {
    log_capture log;
    char message[1024];         /* the last error, if the status is one */
    int64_t number;             /* one in that message which the system has chosen; 0: none */
    sp2_receive_stats stats;    /* if it received anything */
    sp2_memory_pool_stats pool; /* if it had one */
    uint64_t whole_heaps;
    sp2_send_stats sent; /* if it sent anything */
    bool lost;           /* something that should have arrived has not */
} fault_trial;

/* Does what users do, and gives the status of what failed of it. It ends with nothing left. */
typedef int32_t (*fault_scenario)(fault_trial *trial);

/* Runs a scenario, and checks that nothing is left behind. */
int32_t fault_trial_run(fault_scenario scenario, fault_trial *trial);

/* Adds what was seen to the table; checks that something was, unless nothing is missing. */
void fault_trial_add_row(const char *fault, const char *scenario, const fault_trial *trial,
                         int32_t status);

/* One of the core's counters other than that of what went well, by name; NULL: all are 0. */
const char *fault_trial_counter(const sp2_receive_stats *stats);

#endif
