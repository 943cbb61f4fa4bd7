/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_FAULT_TABLE_H
#define SPEAD2CORE_TESTS_FAULT_TABLE_H

#include <stdbool.h>

#include "test.h"

/*
 * The table of what users see when something fails: the tests add what they saw, and the table of
 * docs/faults.md must be the same.
 */

/* Prints a row and keeps it, unless it is there already. Numbers that differ from run to run are
 * left out of `seen`. */
SP2_TEST_PRINTF(3, 4)
void fault_table_add(const char *fault, const char *scenario, const char *seen, ...);

/* A row cannot be made here; says why. */
void fault_table_leave_out(const char *reason);

/* Whether no test has added a row to it in this process. */
bool fault_table_is_empty(void);

/* Checks that the rows are those of the file between the lines "<!-- NAME -->" and "<!-- end -->".
 * If rows were left out, the file may have more. */
void fault_table_compare(const char *path, const char *name);

#endif
