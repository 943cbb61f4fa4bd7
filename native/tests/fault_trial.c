/* SPDX-License-Identifier: MIT */
#include "fault_trial.h"

#include <stdio.h>
#include <string.h>

#include "fault_table.h"
#include "os_faults.h"

static void forget(fault_trial *trial) {
    trial->log.length = 0;
    trial->log.text[0] = '\0';
    memset(trial->log.counts, 0, sizeof(trial->log.counts));
    trial->message[0] = '\0';
    trial->number = 0;
    trial->stats = (sp2_receive_stats)SP2_RECEIVE_STATS_INIT;
    trial->sent = (sp2_send_stats)SP2_SEND_STATS_INIT;
    trial->whole_heaps = 0;
    trial->lost = false;
}

/* Numbers of heaps and bytes differ from one fault to the next. */
static void hide_numbers(char *text) {
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        const size_t digits = strspn(from, "-0123456789");
        *to++ = digits != 0 ? 'N' : *from;
        from += digits != 0 ? digits : 1;
    }
    *to = '\0';
}

/* The number that the system has chosen stands as N in the message. */
static void hide_number(fault_trial *trial) {
    char digits[24];
    snprintf(digits, sizeof(digits), "%lld", (long long)trial->number);
    char *found = trial->number != 0 ? strstr(trial->message, digits) : NULL;
    if (found != NULL) {
        memmove(found + 1, found + strlen(digits), strlen(found + strlen(digits)) + 1);
        *found = 'N';
    }
}

static void first_log_line(const fault_trial *trial, char *line, size_t size) {
    snprintf(line, size, "%.*s", (int)strcspn(trial->log.text, "\n"), trial->log.text);
    hide_numbers(line);
}

const char *fault_trial_counter(const sp2_receive_stats *stats) {
    return stats->allocation_failed != 0 ? "allocation_failed"
           : stats->truncated != 0       ? "truncated"
           : stats->size_mismatch != 0   ? "size_mismatch"
           : stats->malformed != 0       ? "malformed"
                                         : NULL;
}

void fault_trial_add_row(const char *fault, const char *scenario, const fault_trial *trial,
                         int32_t status) {
    char line[512];
    const char *counter = fault_trial_counter(&trial->stats);
    first_log_line(trial, line, sizeof(line));
    if (status != SP2_OK) {
        CHECK(trial->message[0] != '\0');
        fault_table_add(fault, scenario, "`%s`: %s", sp2_status_name(status), trial->message);
    } else if (counter != NULL && line[0] != '\0') {
        fault_table_add(fault, scenario, "counter `%s`; log: %s", counter, line);
    } else if (counter != NULL) {
        fault_table_add(fault, scenario, "counter `%s`", counter);
    } else if (line[0] != '\0') {
        fault_table_add(fault, scenario, "%slog: %s", trial->lost ? "" : "nothing is lost; ", line);
    } else {
        fault_table_add(fault, scenario, "nothing is lost");
        CHECK(!trial->lost);
    }
}

int32_t fault_trial_run(fault_scenario scenario, fault_trial *trial) {
    forget(trial);
    /* Some systems make a lock when it is used for the first time. */
    (void)log_capture_count(&trial->log, 1);
    const os_ledger before = os_ledger_now();
    const int32_t status = scenario(trial);
    if (status != SP2_OK) {
        snprintf(trial->message, sizeof(trial->message), "%s", sp2_last_error_message());
        hide_number(trial);
    }
    os_ledger_check(&before);
    sp2_memory_stats memory = SP2_MEMORY_STATS_INIT;
    REQUIRE_OK(sp2_memory_get_stats(&memory));
    CHECK_EQ_U64(memory.used_bytes, 0);
    return status;
}
