/* SPDX-License-Identifier: MIT */
#include "fault_table.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 200, ROW_SIZE = 1200, LONGEST_NUMBER = 3 };

static char rows[ROWS][ROW_SIZE];
static unsigned row_count;
static bool left_out;

/* Replaces long numbers, which are ports and sizes that the system has chosen, and what would end a
 * cell of the table. */
static void scrub(char *text) {
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        const size_t digits = strspn(from, "0123456789");
        if (digits > LONGEST_NUMBER) {
            *to++ = 'N';
            from += digits;
        } else if (digits != 0) {
            memmove(to, from, digits);
            to += digits;
            from += digits;
        } else {
            *to++ = *from == '|' || *from == '\n' ? '/' : *from;
            from++;
        }
    }
    *to = '\0';
}

static bool is_row(const char *row) {
    for (unsigned i = 0; i < row_count; i++) {
        if (strcmp(rows[i], row) == 0) {
            return true;
        }
    }
    return false;
}

void fault_table_add(const char *fault, const char *scenario, const char *seen, ...) {
    char text[ROW_SIZE];
    char row[ROW_SIZE];
    va_list arguments;
    va_start(arguments, seen);
    vsnprintf(text, sizeof(text), seen, arguments);
    va_end(arguments);
    scrub(text);
    const int length = snprintf(row, sizeof(row), "| %s | %s | %s |", fault, scenario, text);
    REQUIRE(length < ROW_SIZE && row_count < ROWS);
    if (!is_row(row)) {
        memcpy(rows[row_count++], row, sizeof(row));
        printf("%s\n", row);
    }
}

void fault_table_leave_out(const char *reason) {
    left_out = true;
    printf("Not in the table: %s\n", reason);
}

bool fault_table_is_empty(void) {
    return row_count == 0;
}

void fault_table_compare(const char *path, const char *name) {
    char line[2 * ROW_SIZE];
    char start[64];
    bool inside = false;
    unsigned found = 0;
    snprintf(start, sizeof(start), "<!-- %s -->\n", name);
    FILE *file = fopen(path, "r");
    sp2_test_context("the table of %s; ./build.sh faults --write updates it", path);
    REQUIRE(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        inside = strcmp(line, start) == 0 || (inside && strcmp(line, "<!-- end -->\n") != 0);
        line[strcspn(line, "\n")] = '\0';
        if (inside && strncmp(line, "| ", 2) == 0 && strncmp(line, "| Fault |", 9) != 0) {
            const bool seen = is_row(line);
            found += seen;
            if (!seen && !left_out) {
                fprintf(stderr, "in the file only: %s\n", line);
                CHECK(seen);
            }
        }
    }
    fclose(file);
    CHECK_EQ_U64(found, row_count);
    sp2_test_context("%s", "");
}
