/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target on files, or on all files of folders, without libFuzzer: any compiler will do,
 * and a finding can be looked at with a debugger. Its line is that of one test (tests/test.c).
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz.h"
#include "test_files.h"

typedef struct tally {
    unsigned long inputs;
    bool failed;
    bool quiet;
} tally;

static void replay_file(const char *path, void *context) {
    tally *sum = context;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        sum->failed = true;
        return;
    }
    uint8_t *bytes = NULL;
    size_t length = 0;
    for (size_t read = 1; read != 0; length += read) {
        bytes = realloc(bytes, length + BUFSIZ);
        FUZZ_CHECK(bytes != NULL);
        read = fread(bytes + length, 1, BUFSIZ, file);
    }
    fclose(file);
    if (!sum->quiet) {
        /* If the target ends the program, this says on which input. */
        fprintf(stderr, "%s\n", path);
    }
    LLVMFuzzerTestOneInput(bytes, length);
    free(bytes);
    sum->inputs++;
}

static void replay(const char *path, tally *sum) {
    if (!test_for_each_file(path, replay_file, sum)) {
        replay_file(path, sum);
    }
}

int main(int argc, char **argv) {
    tally sum = {0};
    int first = 1;
    sum.quiet = argc > 1 && strcmp(argv[1], "--quiet") == 0;
    first += sum.quiet;
    if (first >= argc || argv[first][0] == '-') {
        fprintf(stderr, "usage: %s [--quiet] FILE-OR-FOLDER...\n", argv[0]);
        return EXIT_FAILURE;
    }
    for (int i = first; i < argc; i++) {
        replay(argv[i], &sum);
    }
    const bool passed = sum.inputs != 0 && !sum.failed;
    printf("%s Corpus_replays_without_a_finding (%ld ms): %lu inputs\n",
           passed ? "passed " : "failed ", (long)(clock() / (CLOCKS_PER_SEC / 1000)), sum.inputs);
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
