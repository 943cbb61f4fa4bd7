/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_FAULT_LISTS_H
#define SPEAD2CORE_TESTS_FAULT_LISTS_H

#include "fault_scenarios.h"
#include "os_faults.h"

/* The calls of an operating system that fail, one after the other: a file for each system. */

/* One that opens something. */
typedef struct refusal {
    const char *fault;
    const char *scenario;
    fault_scenario run;
    os_call call;
    int detail;
    int error;
    uint32_t skip;
    int32_t status;   /* SP2_OK: nothing is lost */
    const char *says; /* the error, or the log */
} refusal;

/* One that receives, or has to do with it: nothing is lost. */
typedef struct hiccup {
    const char *fault;
    const char *scenario;
    fault_scenario run;
    os_call call;
    int detail;
    int error;
    uint32_t skip;
    uint32_t times;
    const char *says; /* the log; empty: nothing */
} hiccup;

/* One that sends, or has to do with it: each heap is completed once. */
typedef struct send_fault {
    const char *fault;
    os_call call;
    int detail;
    int error;
    uint32_t skip;
    uint32_t times;
    uint64_t failed;  /* packets */
    const char *says; /* the log; empty: nothing */
} send_fault;

/* One that brings something else than what was sent. */
typedef struct spoiling {
    const char *fault;
    os_receive how;
    uint64_t truncated;
} spoiling;

extern const refusal fault_refusals[];
extern const size_t fault_refusal_count;
extern const hiccup fault_hiccups[];
extern const size_t fault_hiccup_count;
extern const send_fault fault_sendings[];
extern const size_t fault_sending_count;
extern const spoiling fault_spoilings[];
extern const size_t fault_spoiling_count;

#endif
