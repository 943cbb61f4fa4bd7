/* SPDX-License-Identifier: MIT */
#include "os_faults.h"

#include <stdatomic.h>

#include "base/process.h"
#include "test.h"

enum { PATIENCE_SECONDS = 10 };

/* Not a mutex of the system's: its functions may be among those that fail. */
static atomic_flag lock = ATOMIC_FLAG_INIT;
/* Under the lock: */
static struct {
    os_call call;
    int detail;
    int error;
    uint32_t skip;
    uint32_t times;
    uint32_t hits;
} plan;

static _Atomic(os_receive) receive_how;
static atomic_uint_least64_t waits;

static void take_lock(void) {
    while (atomic_flag_test_and_set(&lock)) {
    }
}

void os_fault_plan(os_call call, int detail, int error, uint32_t skip, uint32_t times) {
    take_lock();
    plan.call = call;
    plan.detail = detail;
    plan.error = error;
    plan.skip = skip;
    plan.times = times;
    plan.hits = 0;
    atomic_flag_clear(&lock);
}

/* What the library maps once for the process is none of a trial's. */
SP2_TEST_AT_START(find_process_number) {
    sp2__process();
}

uint32_t os_fault_end(void) {
    take_lock();
    const uint32_t hits = plan.hits;
    plan.times = 0;
    atomic_flag_clear(&lock);
    return hits;
}

int os_fault(os_call call, int detail) {
    int error = 0;
    take_lock();
    if (plan.times != 0 && plan.call == call && (plan.detail == OS_ANY || plan.detail == detail)) {
        if (plan.skip != 0) {
            plan.skip--;
        } else {
            plan.times--;
            plan.hits++;
            error = plan.error;
        }
    }
    atomic_flag_clear(&lock);
    return error;
}

void os_receive_set(os_receive how) {
    atomic_store(&receive_how, how);
}

os_receive os_receive_how(void) {
    return atomic_load(&receive_how);
}

uint64_t os_waits(void) {
    return atomic_load(&waits);
}

void os_count_wait(void) {
    atomic_fetch_add(&waits, 1);
}

bool os_ledger_check(const os_ledger *before) {
    WAIT_UNTIL(os_ledger_now().threads == before->threads, PATIENCE_SECONDS);
    const os_ledger now = os_ledger_now();
    const bool blocks = CHECK_EQ_I64(now.blocks, before->blocks);
    const bool mapped = CHECK_EQ_I64(now.mapped, before->mapped);
    return CHECK_EQ_I64(now.handles, before->handles) && blocks && mapped;
}
